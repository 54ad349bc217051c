//! Tokens of others.

use super::*;

fn set(keys: &[&SigningKey]) -> ForeignKeys {
    let keys: Vec<Value> = keys.iter().map(|key| jwk(key)).collect();
    ForeignKeys::parse(&json!({"keys": keys})).expect("a set")
}

#[test]
fn a_token_is_verified_by_whoever_published_its_key() {
    for (algorithm, _) in PAIRS.iter() {
        let key = key(algorithm);
        let token = key.sign_typed("dpop+jwt", &claims()).expect("signed");
        let single = ForeignKeys::parse(&jwk(&key)).expect("one key");
        for keys in [set(&[&key]), single] {
            let verified = keys.verify(&token).expect(algorithm);
            assert_eq!(verified.header, json!({"alg": algorithm, "kid": key.kid, "typ": "dpop+jwt"}));
            assert_eq!(Value::Object(verified.claims), json!(claims()));
        }
    }
}

#[test]
fn the_key_is_found_by_its_id_or_else_by_trying() {
    let (first, second) = (made(&rcgen::PKCS_ED25519), made(&rcgen::PKCS_ED25519));
    let (first, second) = (SigningKey::of(&first).expect("usable"), SigningKey::of(&second).expect("usable"));
    let token = second.sign(&claims()).expect("signed");
    assert!(set(&[&first, &second]).verify(&token).is_ok());
    assert!(set(&[&first]).verify(&token).is_err(), "the key is unknown");
    let mut renamed = jwk(&second);
    renamed["kid"] = json!("other");
    assert!(ForeignKeys::parse(&renamed).expect("a key").verify(&token).is_err(), "the key has another id");
    renamed.as_object_mut().expect("a key").remove("kid");
    assert!(ForeignKeys::parse(&renamed).expect("a key").verify(&token).is_ok(), "the key has no id");
}

#[test]
fn the_algorithm_must_fit_the_key() {
    let rsa = key("RS256");
    let keys = set(&[&rsa]);
    let header = |alg: &str| json!({"alg": alg, "kid": rsa.kid});
    let none = forged(&header("none"), &json!(claims()), |_| Vec::new());
    assert!(keys.verify(&none).is_err());
    // The classic: the public key, in whatever form, taken for the secret of an HMAC.
    let public = jwk(&rsa);
    let n = decode(public["n"].as_str().expect("modulus")).expect("base64");
    let certificate = pair("RS256").certificate_data.clone();
    for secret in [public.to_string().into_bytes(), n, certificate.into_bytes(), Vec::new()] {
        let confused = forged(&header("HS256"), &json!(claims()), with_hmac(&secret));
        assert!(keys.verify(&confused).is_err());
    }
    for alg in ["RS384", "PS256", "ES256", "EdDSA", "rs256", "Ed448"] {
        let token = rsa.sign(&claims()).expect("signed");
        let rest = token.split_once('.').expect("parts").1;
        assert!(keys.verify(&format!("{}.{rest}", encode(header(alg).to_string()))).is_err(), "{alg}");
    }
    assert!(ForeignKeys::of_secret(b"s").verify(&rsa.sign(&claims()).expect("signed")).is_err());
}

#[test]
fn a_key_is_used_for_what_it_says_only() {
    let key = key("ES256");
    let token = key.sign(&claims()).expect("signed");
    let with = |name: &str, value: Value| {
        let mut jwk = jwk(&key);
        jwk[name] = value;
        ForeignKeys::parse(&jwk).and_then(|keys| keys.verify(&token))
    };
    assert!(with("key_ops", json!(["verify"])).is_ok());
    for (name, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["encrypt"])),
        ("alg", json!("ES384")),
        ("alg", json!("none")),
        ("crv", json!("P-384")),
        ("crv", json!("secp256k1")),
        ("kty", json!("RSA")),
        ("kty", json!("oct")),
        ("x", json!("AA")),
        ("y", json!("AA==")),
        ("kid", json!(7)),
        ("d", json!("AA")),
    ] {
        assert!(with(name, value.clone()).is_err(), "{name} {value}");
    }
    // Not on the curve.
    assert!(with("x", jwk(&key)["y"].clone()).is_err());
}

#[test]
fn members_that_are_of_no_use_are_passed_over_and_too_many_refused() {
    let key = key("EdDSA");
    let token = key.sign(&claims()).expect("signed");
    let secret = json!({"kty": "oct", "k": encode("secret"), "alg": "HS256"});
    let short = json!({"kty": "RSA", "n": encode([0xff_u8; 128]), "e": "AQAB"});
    let strange = [json!({"kty": "AKP"}), json!("text"), json!(null), secret.clone(), short];
    let mut members = strange.to_vec();
    members.push(jwk(&key));
    let keys = ForeignKeys::parse(&json!({"keys": members})).expect("a set");
    assert!(keys.verify(&token).is_ok());
    let shared = forged(&json!({"alg": "HS256"}), &json!(claims()), with_hmac(b"secret"));
    assert!(keys.verify(&shared).is_err(), "a published secret verified a token");
    for useless in [json!({"keys": strange}), json!({"keys": []}), json!({"keys": 1}), json!({}), json!(1), secret] {
        assert!(matches!(ForeignKeys::parse(&useless), Err(KeyError::Set(_))), "{useless}");
    }
    let many = vec![jwk(&key); 65];
    assert!(ForeignKeys::parse(&json!({"keys": many})).is_err());
    assert!(ForeignKeys::parse(&json!({"keys": many[..64]})).is_ok());
}

#[test]
fn what_is_no_token_is_refused() {
    let key = key("EdDSA");
    let keys = set(&[&key]);
    let token = key.sign(&claims()).expect("signed");
    assert!(keys.verify(&token).is_ok());
    for end in 0..token.len() {
        assert!(keys.verify(&token[..end]).is_err(), "{end} letters");
    }
    let list = key.sign(&json!([1])).expect("signed");
    for other in ["", ".", "..", "...", "a.b.c", &format!("{token}.a.b"), &list] {
        assert!(keys.verify(other).is_err(), "{other}");
    }
}
