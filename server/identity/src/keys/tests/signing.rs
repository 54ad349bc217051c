//! Our own tokens.

use super::*;

#[test]
fn a_token_of_each_type_is_believed_by_its_own_key_for_its_own_audience_until_it_expires() {
    for (algorithm, pair) in PAIRS.iter() {
        let key = SigningKey::of(pair).expect("usable");
        assert_eq!(key.algorithm(), *algorithm);
        let token = key.sign(&claims()).expect("signed");
        assert_eq!(key.verify::<Claims>(&token, "app", now()).expect(algorithm), claims());
        assert!(key.verify::<Claims>(&token, "other", now()).is_err(), "{algorithm}: audience");
        let later = now() + chrono::TimeDelta::seconds(10);
        assert!(key.verify::<Claims>(&token, "app", later).is_err(), "{algorithm}: expired");
        for (other, pair) in PAIRS.iter().filter(|(other, _)| other != algorithm) {
            let other_key = SigningKey::of(pair).expect("usable");
            assert!(other_key.verify::<Claims>(&token, "app", now()).is_err(), "{algorithm} by {other}");
        }
    }
}

#[test]
fn another_key_of_the_same_type_does_not_believe_it() {
    for with in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ED25519] {
        let (key, other) = (made(with), made(with));
        let (key, other) = (SigningKey::of(&key).expect("usable"), SigningKey::of(&other).expect("usable"));
        let token = key.sign(&claims()).expect("signed");
        assert!(other.verify::<Claims>(&token, "app", now()).is_err());
        assert_ne!(key.kid, other.kid);
    }
}

#[test]
fn a_token_that_is_for_something_else_proves_nobody() {
    let key = key("ES256");
    let of = |typ: &str| key.verify::<Claims>(&key.sign_typed(typ, &claims()).expect("signed"), "app", now());
    assert!(of("JWT").is_ok());
    for other in ["at+jwt", "logout+jwt", "jwt", ""] {
        assert!(of(other).is_err(), "{other}");
    }
}

#[test]
fn tokens_that_another_library_verifies_say_type_and_key() {
    use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
    for algorithm in ["RS256", "ES256", "ES384", "EdDSA"] {
        let key = key(algorithm);
        let token = key.sign_typed("at+jwt", &claims()).expect("signed");
        let header = decode_header(&token).expect("header");
        assert_eq!(header.typ.as_deref(), Some("at+jwt"));
        assert_eq!(header.kid.as_deref(), Some(key.kid.as_str()));
        let published: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk(&key)).expect("a JWK");
        let mut rules = Validation::new(header.alg);
        rules.validate_exp = false;
        rules.set_audience(&["app"]);
        let by = DecodingKey::from_jwk(&published).expect("usable");
        assert_eq!(decode::<Claims>(&token, &by, &rules).expect(algorithm).claims, claims());
    }
}

#[test]
fn a_secret_signs_hs256_and_is_not_published() {
    let key = SigningKey::of_secret("a secret of the application");
    let token = key.sign(&claims()).expect("signed");
    let header: Value =
        serde_json::from_slice(&decode(token.split('.').next().expect("header")).expect("base64")).expect("JSON");
    assert_eq!(header, json!({"alg": "HS256", "typ": "JWT"}));
    assert_eq!((key.kid.as_str(), key.jwk()), ("", None));
    assert_eq!(key.verify::<Claims>(&token, "app", now()).expect("valid"), claims());
    assert!(SigningKey::of_secret("another").verify::<Claims>(&token, "app", now()).is_err());
    assert!(ForeignKeys::of_secret(b"a secret of the application").verify(&token).is_ok());
}

#[test]
fn an_empty_secret_signs_and_verifies_nothing() {
    let key = SigningKey::of_secret("");
    assert!(matches!(key.sign(&claims()), Err(KeyError::Sign)));
    let token = forged(&json!({"alg": "HS256"}), &json!(claims()), with_hmac(b""));
    assert!(key.verify::<Claims>(&token, "app", now()).is_err());
    assert!(ForeignKeys::of_secret(b"").verify(&token).is_err());
}

#[test]
fn a_token_without_issuer_subject_audience_or_end_is_refused() {
    let key = SigningKey::of_secret("secret");
    let all = json!(claims());
    let token = |claims: &Value| forged(&json!({"alg": "HS256"}), claims, with_hmac(b"secret"));
    assert!(key.verify::<Claims>(&token(&all), "app", now()).is_ok());
    for missing in ["iss", "sub", "aud", "exp"] {
        let mut some = all.clone();
        some.as_object_mut().expect("claims").remove(missing);
        let verified = key.verify::<serde_json::Map<String, Value>>(&token(&some), "app", now());
        assert!(verified.is_err(), "{missing}");
    }
    let mut many = all.clone();
    many["aud"] = json!(["other", "app"]);
    assert!(key.verify::<serde_json::Map<String, Value>>(&token(&many), "app", now()).is_ok());
    many["aud"] = json!([]);
    assert!(key.verify::<serde_json::Map<String, Value>>(&token(&many), "app", now()).is_err());
}
impl Expires for serde_json::Map<String, Value> {
    fn expires(&self) -> i64 {
        self.get("exp").and_then(Value::as_i64).unwrap_or(i64::MAX)
    }
}

#[test]
fn what_claims_another_algorithm_or_none_is_refused() {
    let key = key("ES256");
    let none = forged(&json!({"alg": "none"}), &json!(claims()), |_| Vec::new());
    assert!(key.verify::<Claims>(&none, "app", now()).is_err());
    let public = jwk(&key).to_string();
    let confused = forged(&json!({"alg": "HS256", "kid": key.kid}), &json!(claims()), with_hmac(public.as_bytes()));
    assert!(key.verify::<Claims>(&confused, "app", now()).is_err());
    let extended = forged(&json!({"alg": "HS256", "crit": ["b64"], "b64": false}), &json!(claims()), with_hmac(b"s"));
    assert!(SigningKey::of_secret("s").verify::<Claims>(&extended, "app", now()).is_err());
}

#[test]
fn what_is_cut_off_lengthened_or_changed_is_refused() {
    let key = key("EdDSA");
    let token = key.sign(&claims()).expect("signed");
    for end in 0..token.len() {
        assert!(key.verify::<Claims>(&token[..end], "app", now()).is_err(), "{end} letters");
    }
    for more in ["=", ".", "A", " ", "\n"] {
        assert!(key.verify::<Claims>(&format!("{token}{more}"), "app", now()).is_err(), "{more:?}");
    }
    let parts: Vec<&str> = token.split('.').collect();
    let other = encode(json!({"iss": "i", "sub": "x", "aud": "app", "exp": now().timestamp() + 10}).to_string());
    assert!(key.verify::<Claims>(&format!("{}.{other}.{}", parts[0], parts[2]), "app", now()).is_err());
}

#[test]
fn a_token_of_more_than_16_kib_is_not_looked_at() {
    let key = SigningKey::of_secret("secret");
    let long = |length: usize| {
        let mut claims = json!(claims());
        claims["fill"] = json!("x".repeat(length));
        key.sign(&claims).expect("signed")
    };
    let (fits, too_long) = (long(11_000), long(13_000));
    assert!(fits.len() < compact::MAX_TOKEN && too_long.len() > compact::MAX_TOKEN);
    assert!(key.verify::<Claims>(&fits, "app", now()).is_ok());
    assert!(key.verify::<Claims>(&too_long, "app", now()).is_err());
    assert!(ForeignKeys::of_secret(b"secret").verify(&too_long).is_err());
}

#[test]
fn keys_are_read_as_pkcs1_and_sec1_too_and_stay_the_same() {
    let rsa = PrivateKeyDer::from_pem_slice(pair("RS256").key_data.as_bytes()).expect("PEM");
    // What PKCS#8 wraps comes after version, algorithm and the heads of both.
    let pkcs1 = pem("RSA PRIVATE KEY", &rsa.secret_der()[26..]);
    let wrapped = PrivateKeyDer::from_pem_slice(pair("ES384").key_data.as_bytes()).expect("PEM");
    let curve = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, wrapped.secret_der()).expect("key");
    let sec1: EcPrivateKeyRfc5915Der<'_> = curve.private_key().as_der().expect("DER");
    let sec1 = pem("EC PRIVATE KEY", sec1.as_ref());
    for (algorithm, text) in [("RS256", pkcs1), ("ES384", sec1)] {
        let other = CertificateKeyPair { key_data: text, ..pair(algorithm).clone() };
        assert_eq!(SigningKey::of(&other).expect(algorithm).jwk(), key(algorithm).jwk());
        assert!(check(&other).is_empty(), "{algorithm}");
    }
}

#[test]
fn what_is_no_key_of_ours_says_why() {
    let without = |text: &str| CertificateKeyPair { key_data: text.to_owned(), ..pair("ES256").clone() };
    for (text, says) in [
        ("", "no items found"),
        ("nothing", "no items found"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "encrypted"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "type is not known"),
        ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", "type is not known"),
    ] {
        let error = SigningKey::of(&without(text)).expect_err(text).to_string();
        assert!(error.contains(says) && error.contains("supported"), "{text}: {error}");
    }
}

#[test]
fn the_id_of_a_key_is_made_of_its_public_half() {
    let key = key("ES256");
    let jwk = jwk(&key);
    let bytes = |name: &str| decode(jwk[name].as_str().expect("text")).expect("base64");
    let point = [vec![4], bytes("x"), bytes("y")].concat();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &point);
    assert_eq!(key.kid, encode(&hash.as_ref()[..16]));
    assert_eq!((&jwk["kid"], &jwk["use"], &jwk["alg"]), (&json!(key.kid), &json!("sig"), &json!("ES256")));
}

#[test]
fn a_certificate_is_published_only_beside_its_own_key() {
    for (algorithm, _) in PAIRS.iter() {
        let jwk = jwk(&key(algorithm));
        let der = STANDARD.decode(jwk["x5c"][0].as_str().expect("x5c")).expect("base64");
        let hash = |with| encode(aws_lc_rs::digest::digest(with, &der));
        assert_eq!(jwk["x5t"], hash(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY));
        assert_eq!(jwk["x5t#S256"], hash(&aws_lc_rs::digest::SHA256));
        let private = ["d", "p", "q", "k"].iter().any(|name| jwk.get(name).is_some());
        assert!(!private, "{algorithm}: a private key is published");
    }
    let mixed = CertificateKeyPair { key_data: pair("ES384").key_data.clone(), ..pair("ES256").clone() };
    assert!(SigningKey::of(&mixed).expect("usable").jwk().expect("published").get("x5c").is_none());
}

#[test]
fn half_hashes_are_those_of_the_algorithm() {
    // OpenID Connect Core, appendix A.3.
    let (code, c_hash) = ("Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk", "LDktKdoQak3Pk0cnXxCltA");
    assert_eq!(SigningKey::of_secret("s").half_hash(code), c_hash);
    assert_eq!(key("RS256").half_hash(code), c_hash);
    for (algorithm, bytes) in [("ES256", 16), ("ES384", 24), ("ES512", 32), ("EdDSA", 32)] {
        assert_eq!(decode(&key(algorithm).half_hash(code)).expect("base64").len(), bytes, "{algorithm}");
    }
    assert_eq!(key("EdDSA").half_hash(code), key("ES512").half_hash(code));
    assert_ne!(key("ES256").half_hash(code), key("ES384").half_hash(code));
}
