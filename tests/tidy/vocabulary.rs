//! The words that names of files and folders are made of.
//!
//! A new word is a decision: somebody from Phoenix, centrifuge or nats would search for it.

/// Words of the names in `src` and `loadtest/src`, sorted, a row for each first letter.
pub const VOCABULARY: &[&str] = &[
    "accept acceptor address addresses admin admission admit age algorithm alive app apply \
     args arguments arrivals assembly assess assigns attacks auth authority axis",
    "back background backpressure balance bars binary broadcast broker bucket buf buffer \
     builder busy by bytes",
    "cache cached callbacks canvas catch change changes channel checks churn claims client \
     clients clock close closes codes collect columns compare compared comparison config \
     connect connection connections consumer control cores cost counters counts credentials \
     cursor",
    "deadlines declared decode dedupe delays deliver deliveries departure dialect dialects \
     differences direction document drain",
    "effective encode end ended endpoint ends entry envelope environment error escape event \
     events exit expire expiry explain",
    "fair fake fanout fault faults fence fetch fetcher file files finding findings first \
     fleet floor flush for form format forms forwarded frame frames",
    "give given grants",
    "handle handlers handshake header held high histogram host html http hub",
    "identify identity idle inbound inherited integer interrupt issuer issuers",
    "job join joined joins json judge jwks jwt",
    "keep key keys kind",
    "lag last latency later ledger lib lifecycle limit limits lines link listener lists load \
     loaded loadtest lobby log loop",
    "machine mail mailbox main manager mask max measure member members membership memory \
     message messages meter meters metrics misfit missing mod model",
    "names node noise notice notify number",
    "object objective observe occasion open operator oracle origin outcome outlet outlets \
     over",
    "pace pacer page pages palette parameters params parcel parse partial passes payload peak \
     pending phases phoenix picture places plan plot plots policy pool position print probe \
     prober problem problems process program progress properties protocol proxy published \
     publisher push",
    "queue",
    "ramp rate ratio ratios raw reach read reader reason recognition reconnect reconnects \
     recovery reference refresh refusal registry reload removed reply report representative \
     request respond response restart result retained retention revocation revocations robin \
     room rooms rotation round rounds router routes routing row rows rules run",
    "saturation scan scenario scenarios schedule scratch screened script seal secret sent \
     serve server service services session setting settings setup shard shards shared shrink \
     side sighup sign signals sink sizes skipped slots slow socket sockets source src \
     standing static stats status step steps stream strictness subject subprotocol subscribe \
     subscriber sums sync",
    "table tables tag tallies tally target template term terminal terminate terms tests text \
     tiles time timer timers token tokens topic topics totals traffic tree trial turn \
     tutorial",
    "unfit units up upgrade usage user",
    "v1 v2 values vectors verdict verifier version violation",
    "wait wall warnings watch water websocket wire work write writer writes",
];
