//! Words at which no test's name begins, because its subject comes later.

/// The beginning of tests that another test runs in a process of its own. Their subject follows.
pub const ALONE: &str = "alone_";

/// Words that put off the subject of a test's name, by what they are: nobody searches for them.
pub const TEST_BEGINNINGS: &[(&str, &str)] = &[
    ("an article", "a an the"),
    (
        "a pronoun",
        "it its this that these those there each every everybody everything all any another \
         other others no nobody nothing one several some we you they",
    ),
    (
        "a relative",
        "who whoever what whatever which how why whether",
    ),
    (
        "no noun",
        "when where while after before behind by of on only with without if in for to from at not",
    ),
    (
        "an auxiliary",
        "should must shall can cannot could may might will would is are was were be has have had \
         do does did doesnt dont cant wont",
    ),
    (
        "a verb",
        "accepts adds allows appends applies asserts avoids begins builds cancels cleans clears \
         compares computes contains converts creates decodes delivers denies detects emits enables \
         encodes ensures enforces expects extracts fails finds follows forwards generates gets \
         gives goes has holds ignores increments initializes inserts keeps knows leads lets \
         listens loads looks makes notifies opens parses preserves prevents produces propagates \
         publishes puts raises reaches receives rejects releases removes renders replaces requires \
         resolves responds returns saves sees sends serves skips splits stays stores strips \
         subscribes supports survives takes tells terminates throws treats trims truncates \
         unsubscribes uses validates verifies wraps yields",
    ),
    (
        "a verb",
        "add allow apply assert avoid build create decode deny detect emit ensure enforce expect \
         extract find follow give ignore keep let make need prevent produce receive reject remove \
         render require respond retry return send skip strip support survive take tell throw treat \
         trim truncate update use validate verify yield",
    ),
];

/// First words of a test's name that are verbs, unless a word of `NOUN_SIGNS` stands behind them.
pub const VERBS_OR_NOUNS: &str = "blocks calls checks drops fires fits handles leaks matches moves \
     needs reads records reports resets retries sets spawns starts triggers updates waits walks \
     works writes";

/// Second words of a test's name that show its first one to be a noun.
pub const NOUN_SIGNS: &str = "and are can do have may must of or that were which whose";

/// Second words of a test's name that show its first one to be a verb.
pub const OBJECT_BEGINNINGS: &str = "a an the its their all every no nothing if whether";
