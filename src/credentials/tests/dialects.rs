//! Claims of lobbyd, Centrifugo and Supabase, and grants by rules of the file.

use serde_json::json;

use super::super::{ClaimsDialect, GrantRule, Operation};
use super::*;

fn of(dialect: ClaimsDialect) -> Verifier {
    verifier(accounts().claims(dialect))
}

#[test]
fn lobbyd_claims_grant_by_pattern_and_carry_meta() {
    let verifier = of(ClaimsDialect::Lobbyd);
    let grants = json!({"room:lobby": ["join", "push"], "game:42:*": ["join", "push:move"]});
    let ours = json!({"grants": grants, "meta": {"name": "Ada"}});
    let credentials = taken(&verifier, &token(json!({"lobbyd": ours})));
    assert_eq!(credentials.meta, Some(json!({"name": "Ada"})));
    assert!(
        credentials
            .grants
            .allow("game:42:a", Operation::Push("move"))
    );
    assert!(!credentials.grants.allow("game:43:a", Operation::Join));
    for wrong in [
        json!([]),
        json!({"grants": []}),
        json!({"grants": {"a": "join"}}),
    ] {
        let token = token(json!({"lobbyd": wrong}));
        assert_eq!(
            refusal(&verifier, &token),
            Some(TokenRefusal::Claims("lobbyd"))
        );
    }
}

#[test]
fn centrifugo_names_are_meant_as_they_are() {
    let caps = json!([
        {"channels": ["chat"], "allow": ["sub", "pub", "xyz"]},
        {"channels": ["news:*", "a*b*"], "match": "wildcard", "allow": ["sub", "hst"]},
        {"channels": ["^.*$", "raw*"], "match": "regex", "allow": ["sub"]},
        {"channels": ["exact*"], "allow": ["prs"]},
    ]);
    let changes = json!({
        "channels": ["one", "two*"], "subs": {"three": {}, "*": {}}, "caps": caps,
        "info": {"name": "Ada"}, "expire_at": 0,
    });
    let credentials = taken(&of(ClaimsDialect::Centrifugo), &token(changes));
    assert_eq!(credentials.expires_ms, None);
    assert_eq!(credentials.meta, Some(json!({"name": "Ada"})));
    for (topic, operation, granted) in [
        ("one", Operation::Join, true),
        ("three", Operation::Join, true),
        ("two*", Operation::Join, false),
        ("twofold", Operation::Join, false),
        ("chat", Operation::Push("x"), true),
        ("chat", Operation::History, false),
        ("news:a", Operation::History, true),
        ("aab", Operation::Join, false),
        ("rawer", Operation::Join, false),
        ("exactly", Operation::Presence, false),
    ] {
        assert_eq!(
            credentials.grants.allow(topic, operation),
            granted,
            "{topic}"
        );
    }
    let token = token(json!({"expire_at": NOW_S + 5}));
    let credentials = taken(&of(ClaimsDialect::Centrifugo), &token);
    assert_eq!(credentials.expires_ms, Some(NOW_MS + 5_000));
}

#[test]
fn centrifugo_join_token_is_good_for_its_topic_alone() {
    let verifier = of(ClaimsDialect::Centrifugo);
    let token = token(json!({"channel": "room:1"}));
    let refused = Verdict::Refused(TokenRefusal::Claims("channel"));
    for _ in ["checked", "cached"] {
        assert_eq!(verifier.verify(&token, &Occasion::connect(NOW_MS)), refused);
        assert_eq!(
            verifier.verify(&token, &Occasion::join("room:2", NOW_MS)),
            refused
        );
        let verdict = verifier.verify(&token, &Occasion::join("room:1", NOW_MS));
        let Verdict::Taken(credentials) = verdict else {
            panic!("{verdict:?}");
        };
        assert!(credentials.grants.allow("room:1", Operation::Join));
    }
}

#[test]
fn supabase_claims_need_role_and_exp_and_no_subject() {
    let rule =
        |claim: &str, has: &str| GrantRule::new(claim, has, &["*".to_owned()], &["*".to_owned()]);
    let issuer = accounts()
        .claims(ClaimsDialect::Supabase)
        .exp_required(false);
    let verifier = verifier(issuer).grant(rule("role", "service_role"));
    let anon = taken(&verifier, &token(json!({"sub": null, "role": "anon"})));
    assert_eq!(
        (anon.subject.as_ref(), anon.grants.is_empty()),
        (None, true)
    );
    let service = taken(&verifier, &token(json!({"role": "service_role"})));
    assert!(service.grants.allow("realtime:any", Operation::Join));
    for (changes, claim) in [
        (json!({"exp": null, "role": "anon"}), "exp"),
        (json!({}), "role"),
        (json!({"role": ["anon"]}), "role"),
    ] {
        assert_eq!(
            refusal(&verifier, &token(changes)),
            Some(TokenRefusal::Claims(claim))
        );
    }
    // The shared secret of Supabase has an id that nobody configures.
    let named = r#"{"alg":"HS256","typ":"JWT","kid":"of-supabase"}"#;
    let text = Value::Object(claims(json!({"role": "anon"}))).to_string();
    taken(&verifier, &signed_text(named, &text));
    assert_eq!(
        refusal(&verifier, "sb_publishable_1"),
        Some(TokenRefusal::Missing)
    );
}

#[test]
fn grant_rules_read_texts_lists_scopes_and_paths() {
    let claims = json!({
        "role": "admin of all", "roles": ["editor", 7], "scope": "read chat:write",
        "scp": ["offline"], "realm_access": {"roles": ["staff"]},
        "https://example.com/roles": ["owner"],
        "https://example.com/app": {"plan": "gold"},
    });
    let claims = claims.as_object().unwrap();
    for (claim, has, granted) in [
        ("role", "admin of all", true),
        ("role", "admin", false),
        ("roles", "editor", true),
        ("roles", "edit", false),
        ("scope", "chat:write", true),
        ("scope", "chat", false),
        ("scp", "offline", true),
        ("realm_access.roles", "staff", true),
        ("https://example.com/roles", "owner", true),
        ("https://example.com/app.plan", "gold", true),
        ("realm_access.roles.staff", "staff", false),
        ("gone", "", false),
    ] {
        let rule = GrantRule::new(claim, has, &["room:*".to_owned()], &["join".to_owned()]);
        let grants = rule.grants(claims);
        assert_eq!(grants.is_some(), granted, "{claim} {has}");
    }
}

#[test]
fn subject_claim_and_all_claims_are_kept_as_asked() {
    let issuer = accounts().subject_claim("user.id");
    let verifier = verifier(issuer).keep_claims(true);
    let credentials = taken(&verifier, &token(json!({"user": {"id": 7}})));
    assert_eq!(credentials.subject.as_deref(), Some("7"));
    assert_eq!(credentials.claims.unwrap()["user"], json!({"id": 7}));
    let without = token(json!({}));
    assert_eq!(
        refusal(&verifier, &without),
        Some(TokenRefusal::Claims("sub"))
    );
}
