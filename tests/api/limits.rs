//! Malformed, oversized, out-of-range or wrong requests: each is answered in the envelope and changes nothing.

use super::harness::{Reply, Server};
use serde_json::{Value, json};

#[track_caller]
fn post_raw(server: &Server, path: &str, body: &[u8]) -> Reply {
    server.admin().send("POST", path, Some("application/json"), Some(body))
}

#[test]
fn bodies_that_are_not_json_objects_are_refused() {
    let server = Server::start("");
    let account = server.admin().new_account("USD");
    let path = format!("/accounts/{account}/deposit");
    let before = server.trace();
    let deep =
        |open: &str, close: &str| format!(r#"{{"amount":1,"x":{}1{}}}"#, open.repeat(20_000), close.repeat(20_000));
    for body in [
        &b""[..],
        b"null",
        b"[]",
        b"[{\"amount\":1}]",
        b"\"amount\"",
        b"1",
        b"{",
        b"{\"amount\":1",
        b"{\"amount\":1}}",
        b"{\"amount\":1} {\"amount\":1}",
        b"{'amount':1}",
        b"{amount:1}",
        b"{\"amount\":1,}",
        b"{\"amount\":01}",
        b"{\"amount\":+1}",
        b"{\"amount\":.5}",
        b"{\"amount\":NaN}",
        b"{\"amount\":Infinity}",
        b"{\"amount\":1}\0",
        b"{\"amount\":\"1\",\"comment\":\"\xff\xfe\"}",
        b"{\"amount\":1,\"comment\":\"\xc3\x28\"}",
        b"{\"amount\":1,\"comment\":\"\xed\xa0\x80\"}",
        b"{\"amount\":1,\"comment\":\"\\ud800\"}",
        b"{\"amount\":1,\"comment\":\"a\nb\"}",
        b"amount=1",
        b"<amount>1</amount>",
        deep("[", "]").as_bytes(),
        deep(r#"{"x":"#, "}").as_bytes(),
    ] {
        post_raw(&server, &path, body).refused("MALFORMED_BODY");
    }
    post_raw(&server, &path, b"{\"amount\":1,\"amount\":2}").refused("INVALID_FIELD").naming("amount");
    assert_eq!(server.trace(), before);
}

#[test]
fn fields_of_the_wrong_type_are_named() {
    let server = Server::shared();
    let account = server.admin().new_account("USD");
    for (path, body, field) in [
        ("/profiles".to_owned(), json!({"email": 5}), "email"),
        ("/profiles".into(), json!({"email": "t@example.com", "firstName": ["x"]}), "firstName"),
        ("/profiles".into(), json!({"email": "t@example.com", "tags": "x"}), "tags"),
        ("/profiles".into(), json!({"email": "t@example.com", "tags": [1]}), "tags[0]"),
        (format!("/accounts/{account}/deposit"), json!({"amount": true}), "amount"),
        (format!("/accounts/{account}/deposit"), json!({"amount": {"value": 1}}), "amount"),
        (format!("/accounts/{account}/deposit"), json!({"amount": 1, "comment": 1}), "comment"),
        (format!("/accounts/{account}/balance"), json!({"amount": 1, "action": []}), "action"),
    ] {
        server.admin().post(&path, &body).refused("INVALID_FIELD").naming(field);
    }
}

#[test]
fn bodies_are_json_by_their_declaration_too() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let path = format!("/accounts/{account}/deposit");
    let send = |declared: Option<&str>| admin.send("POST", &path, declared, Some(br#"{"amount":1}"#));
    for good in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.helio+json"] {
        send(Some(good)).ok();
    }
    send(None).ok();
    for bad in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx"]
    {
        send(Some(bad)).refused("WRONG_CONTENT_TYPE");
    }
    assert_eq!(admin.balance(&account), "4.00");
}

#[test]
fn a_body_beyond_the_limit_is_not_read() {
    let server = Server::start("");
    let account = server.admin().new_account("USD");
    let path = format!("/accounts/{account}/deposit");
    let padded = |length: usize| {
        let mut body = br#"{"amount":1"#.to_vec();
        body.resize(length - 1, b' ');
        body.push(b'}');
        body
    };
    post_raw(&server, &path, &padded(1 << 20)).ok();
    let before = server.trace();
    post_raw(&server, &path, &padded((1 << 20) + 1)).refused("BODY_TOO_LARGE");
    // The limit also applies to bodies without a declared length.
    let token = server.banner["token"].as_str().unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let mut request = head.into_bytes();
    for _ in 0..3 {
        request.extend(format!("{:x}\r\n", 1 << 19).bytes());
        request.resize(request.len() + (1 << 19), b' ');
        request.extend(b"\r\n");
    }
    let answer = server.raw_until_refused(&request);
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert_eq!(server.trace(), before);
}

#[test]
fn a_smaller_limit_can_be_set() {
    let server = Server::start("[server]\nbody_limit_bytes = 2048\n");
    let body = |length: usize| json!({"email": "a@example.com", "metaData": "x".repeat(length)});
    server.admin().post("/profiles", &body(3000)).refused("BODY_TOO_LARGE");
    server.admin().post("/profiles", &body(1000)).ok();
}

#[test]
fn a_body_that_does_not_arrive_times_out() {
    let server = Server::start("[server]\nrequest_timeout_ms = 1000\n");
    let token = server.banner["token"].as_str().unwrap();
    let head =
        format!("POST /profiles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 100\r\n\r\n");
    let answer = server.raw(format!("{head}{{").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("BODY_TIMEOUT"), "{answer}");
    let silent = server.raw(b"POST /profiles HT");
    assert!(silent.is_empty() || silent.starts_with("HTTP/1.1 408"), "{silent}");
}

#[test]
fn unknown_paths_answer_in_the_envelope() {
    let server = Server::shared();
    for path in [
        "/",
        "/nowhere",
        "/profiles/",
        "/accounts/x/y/z",
        "/v1/profiles",
        "/account-groups/1",
        "//profiles",
        "/Profiles",
    ] {
        server.admin().get(path).refused("UNKNOWN_ROUTE");
        server.anyone().post(path, &json!({})).refused("UNKNOWN_ROUTE");
    }
}

#[test]
fn wrong_methods_say_which_are_right() {
    let server = Server::shared();
    for (method, path, allow) in [
        ("GET", "/user/login", "POST"),
        ("POST", "/options/currencies", "GET, HEAD"),
        ("DELETE", "/profiles", "GET, HEAD, POST"),
        ("PATCH", "/accounts/x", "GET, HEAD, PUT, DELETE"),
        ("POST", "/accounts/x", "GET, HEAD, PUT, DELETE"),
        ("GET", "/accounts/x/deposit", "POST"),
        ("GET", "/profiles/change-password", "PUT"),
        ("OPTIONS", "/accounts", "GET, HEAD, POST"),
        ("TRACE", "/accounts", "GET, HEAD, POST"),
    ] {
        let reply = server.anyone().send(method, path, None, None).refused("WRONG_METHOD");
        assert_eq!(reply.header("allow"), Some(allow), "{method} {path}");
    }
}

#[test]
fn head_answers_like_get_without_a_body() {
    let server = Server::shared();
    let reply = server.admin().send("HEAD", "/account-groups", None, None);
    assert_eq!((reply.status, reply.text.as_str()), (200, ""));
    assert_eq!(server.anyone().send("HEAD", "/account-groups", None, None).status, 401);
}

#[test]
fn pages_out_of_range_are_refused() {
    let server = Server::shared();
    for list in ["/profiles", "/accounts", "/account-groups"] {
        for (query, field) in [
            ("page=0", "page"),
            ("page=-1", "page"),
            ("page=99999999999999999999999", "page"),
            ("perPage=0", "perPage"),
            ("perPage=501", "perPage"),
            ("perPage=-5", "perPage"),
            ("perPage=18446744073709551616", "perPage"),
        ] {
            server.admin().get(&format!("{list}?{query}")).refused("OUT_OF_RANGE").naming(field);
        }
        for query in ["page=one", "page=1.5", "page=1e3", "perPage=0x10", "page=%2B1", "page=1&page=2"] {
            server.admin().get(&format!("{list}?{query}")).refused("INVALID_FIELD");
        }
        let far = server.admin().get(&format!("{list}?page=1000000000&perPage=500")).ok().json();
        assert_eq!((&far["page"], &far["perPage"]), (&"1000000000".into(), &"500".into()));
        server.admin().get(&format!("{list}?page=&perPage=")).ok();
    }
}

#[test]
fn absurd_ids_name_nothing() {
    let server = Server::shared();
    for id in [
        "0",
        "-1",
        "null",
        "%00",
        "..%2F..%2Fetc%2Fpasswd",
        "0198c1f0000070008000000000000000",
        "%7B0198c1f0-0000-7000-8000-000000000000%7D",
        "urn:uuid:0198c1f0-0000-7000-8000-000000000000",
        "0198c1f0-0000-7000-8000-00000000000g",
        "'%20OR%201=1--",
        "%F0%9F%99%82",
        "%FF",
        &"9".repeat(4000),
    ] {
        for path in ["/profiles/ID", "/accounts/ID", "/portfolios/ID", "/accounts/ID/deals"] {
            let reply = server.admin().get(&path.replace("ID", id));
            assert!(matches!(reply.status, 400 | 404), "{id}: {} {}", reply.status, reply.text);
            assert!(matches!(reply.json()["code"].as_u64(), Some(3 | 5)), "{}", reply.text);
        }
    }
    let upper = server.admin().new_profile().to_uppercase();
    server.admin().get(&format!("/profiles/{upper}")).ok();
}

#[test]
fn texts_are_of_any_script_but_bounded_and_without_control_characters() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let deposit =
        |comment: &str| admin.post(&format!("/accounts/{account}/deposit"), &json!({"amount": 1, "comment": comment}));
    for good in
        ["é".repeat(255), "עמר 鈴木 🙂\n\tžluť".into(), "' OR 1=1; --".into(), "<b>&amp;</b>".into(), String::new()]
    {
        deposit(&good).ok();
        assert_eq!(admin.deals(&account)[0]["comment"], good.as_str());
    }
    deposit(&"é".repeat(256)).refused("OUT_OF_RANGE");
    for bad in ["a\u{0}b", "\u{1b}[31m", "\u{7f}", "\u{85}"] {
        deposit(bad).refused("INVALID_FIELD").naming("comment");
    }
    let profile = |fields: Value| {
        let mut body = json!({"email": format!("{}@example.com", super::harness::unique("text"))});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        admin.post("/profiles", &body)
    };
    profile(json!({"firstName": "x".repeat(255), "metaData": "x".repeat(16_384)})).ok();
    profile(json!({"firstName": "x".repeat(256)})).refused("OUT_OF_RANGE").naming("firstName");
    profile(json!({"metaData": "x".repeat(16_385)})).refused("OUT_OF_RANGE").naming("metaData");
    profile(json!({"city": "a\u{7}"})).refused("INVALID_FIELD").naming("city");
    let tags = |tags: Value| profile(json!({"tags": tags}));
    tags(json!((0..20).map(|n| n.to_string()).collect::<Vec<_>>())).ok();
    tags(json!((0..21).map(|n| n.to_string()).collect::<Vec<_>>())).refused("OUT_OF_RANGE");
    tags(json!([""])).refused("INVALID_FIELD");
    tags(json!(["x".repeat(51)])).refused("OUT_OF_RANGE");
}

#[test]
fn malformed_amounts_move_nothing() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    admin.deposit(&account, "100");
    let before = server.trace();
    let (invalid, range) = ("INVALID_FIELD", "OUT_OF_RANGE");
    for (amount, reason) in [
        (r#""""#, invalid),
        (r#"" ""#, invalid),
        (r#""1 000""#, invalid),
        (r#"" 1""#, invalid),
        (r#""1,5""#, invalid),
        (r#""+1""#, invalid),
        (r#""1.""#, invalid),
        (r#"".5""#, invalid),
        (r#""--1""#, invalid),
        (r#""-""#, invalid),
        (r#""1.2.3""#, invalid),
        (r#""NaN""#, invalid),
        (r#""Infinity""#, invalid),
        (r#""-inf""#, invalid),
        (r#""0x10""#, invalid),
        (r#""1e3""#, invalid),
        (r#""1_000""#, invalid),
        (r#""١٢""#, invalid),
        (r#""１２""#, invalid),
        ("1e3", invalid),
        ("1E-2", invalid),
        ("0", invalid),
        ("0.00", invalid),
        ("-0", invalid),
        (r#""-0.00""#, invalid),
        ("0.001", invalid),
        ("0.004999999999", invalid),
        ("null", invalid),
        ("false", invalid),
        ("[]", invalid),
        ("1000000000000000.01", range),
        ("99999999999999999999999999", range),
        (r#""9999999999999999999999999999999999999999999999""#, range),
        (&format!("\"{}\"", "1".repeat(500_000)), range),
        (&format!("0.{}1", "0".repeat(60)), range),
    ] {
        for way in ["deposit", "withdraw", "balance"] {
            let reply = admin.post_text(&format!("/accounts/{account}/{way}"), &format!(r#"{{"amount":{amount}}}"#));
            reply.refused(reason).naming("amount");
        }
    }
    for way in ["deposit", "withdraw"] {
        for negative in ["-1", "-0.01", "\"-5\""] {
            let reply = admin.post_text(&format!("/accounts/{account}/{way}"), &format!(r#"{{"amount":{negative}}}"#));
            reply.refused("INVALID_FIELD");
        }
    }
    assert_eq!(server.trace(), before);
    assert_eq!(admin.balance(&account), "100.00");
    for (amount, balance) in
        [("\"-12.505\"", "87.49"), ("-0.005", "87.48"), ("0.0050", "87.49"), ("\"0012.51\"", "100.00")]
    {
        admin.post_text(&format!("/accounts/{account}/balance"), &format!(r#"{{"amount":{amount}}}"#)).ok();
        assert_eq!(admin.balance(&account), balance, "{amount}");
    }
}

#[test]
fn answers_are_not_stored_and_name_their_request() {
    let server = Server::shared();
    let (one, two) = (server.admin().get("/profiles?perPage=1").ok(), server.admin().get("/nowhere"));
    for reply in [&one, &two] {
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("x-request-id").unwrap().len(), 36);
    }
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
}

#[test]
fn nonsense_on_the_wire_does_no_harm() {
    let server = Server::start("");
    for request in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\nConnection: close\r\n\r\n",
        b"POST /profiles HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\
          Connection: close\r\n\r\n0\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let answer = server.raw_once(request);
        assert!(!answer.starts_with("HTTP/1.1 2") && !answer.starts_with("HTTP/1.1 5"), "{answer}");
    }
    server.admin().get("/account-groups").ok();
}

#[test]
fn headers_and_the_request_line_are_bounded_together() {
    let server = Server::shared();
    let admin = server.admin();
    admin.with("X-Note", &"n".repeat(30_000)).get("/options/currencies").ok();
    admin.with("X-Note", &"n".repeat(33_000)).get("/options/currencies").refused("HEADERS_TOO_LARGE");
    let query = "x=".to_owned() + &"y".repeat(33_000);
    admin.get(&format!("/options/currencies?{query}")).refused("HEADERS_TOO_LARGE");
}

#[test]
fn a_field_given_twice_or_of_the_wrong_kind_is_named() {
    let server = Server::shared();
    let admin = server.admin();
    for (body, field, sentence) in [
        (r#"{"email":"a@example.com","email":"b@example.com"}"#, "email", "given more than once"),
        (r#"{"email":"a@example.com","tags":"vip"}"#, "tags", "expected an array"),
        (r#"{"email":5}"#, "email", "expected a string"),
        (r#"{"email":"a@example.com","requiresReview":"yes"}"#, "requiresReview", "expected true or false"),
        (r#"{"email":"a@example.com","customFields":[]}"#, "customFields", "object"),
    ] {
        let reply = admin.post_text("/profiles", body).refused("INVALID_FIELD").naming(field);
        assert!(reply.text_at("message").contains(sentence), "{}", reply.text);
    }
}

#[test]
fn a_key_given_twice_is_refused() {
    let server = Server::shared();
    let admin = server.admin();
    let body = serde_json::json!({"email": super::harness::unique("twice") + "@example.com"});
    let twice = admin.key("one").key("two");
    twice.post("/profiles", &body).refused("INVALID_FIELD").naming("Idempotency-Key");
}
