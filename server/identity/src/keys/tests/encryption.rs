//! Encrypted tokens.

use super::*;

#[test]
fn a_token_is_encrypted_for_the_private_key_and_its_tag_is_over_everything() {
    let pair = pair("RS256");
    let key = EncryptionKey::of(pair).expect("usable");
    assert_eq!(key.kid, super::key("RS256").kid);
    let public = key.jwk();
    assert_eq!(
        (&public["use"], &public["alg"], &public["kty"]),
        (&json!("enc"), &json!("RSA-OAEP-256"), &json!("RSA"))
    );
    let jwt = super::key("ES256").sign(&claims()).expect("signed");
    let (one, two) = (key.encrypt(&jwt, &SystemRandom).expect("jwe"), key.encrypt(&jwt, &SystemRandom).expect("jwe"));
    assert_ne!(one, two);
    let parts: Vec<&str> = one.split('.').collect();
    let header: Value = serde_json::from_slice(&decode(parts[0]).expect("base64")).expect("JSON");
    assert_eq!(header, json!({"alg": "RSA-OAEP-256", "enc": "A256CBC-HS512", "kid": key.kid, "cty": "JWT"}));
    assert_eq!(opened(pair, &one).as_deref(), Some(jwt.as_str()));
    // A changed bit of any part is noticed.
    for part in 0..5 {
        let mut parts: Vec<String> = parts.iter().map(|p| (*p).to_owned()).collect();
        let mut bytes = decode(&parts[part]).expect("base64");
        bytes[0] ^= 1;
        parts[part] = encode(bytes);
        assert_eq!(opened(pair, &parts.join(".")), None, "part {part}");
    }
}

/// What an application does.
fn opened(pair: &CertificateKeyPair, jwe: &str) -> Option<String> {
    let parts: Vec<&str> = jwe.split('.').collect();
    let [header, key, iv, text, tag] = parts.as_slice() else { return None };
    let der = PrivateKeyDer::from_pem_slice(pair.key_data.as_bytes()).ok()?;
    let private = PrivateDecryptingKey::from_pkcs8(der.secret_der()).ok()?;
    let private = OaepPrivateDecryptingKey::new(private).ok()?;
    let mut content_key = vec![0; private.min_output_size()];
    let wrapped = decode(key).ok()?;
    let content_key = private.decrypt(&OAEP_SHA256_MGF1SHA256, &wrapped, &mut content_key, None).ok()?;
    let (mac_key, enc_key) = content_key.split_at_checked(32)?;
    let (iv, text, tag) = (decode(iv).ok()?, decode(text).ok()?, decode(tag).ok()?);
    let bits = (header.len() as u64 * 8).to_be_bytes();
    let over = [header.as_bytes(), &iv, &text, &bits].concat();
    let expected = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, mac_key), &over);
    if expected.as_ref()[..32] != tag {
        return None;
    }
    let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, enc_key).ok()?).ok()?;
    let mut text = text;
    let context = DecryptionContext::Iv128(FixedLength::try_from(iv.as_slice()).ok()?);
    String::from_utf8(cipher.decrypt(&mut text, context).ok()?.to_vec()).ok()
}

#[test]
fn the_certificate_alone_is_enough_and_other_types_are_refused() {
    let alone = CertificateKeyPair { key_data: String::new(), ..pair("RS256").clone() };
    assert_eq!(EncryptionKey::of(&alone).expect("usable").kid, super::key("RS256").kid);
    for algorithm in ["ES256", "EdDSA"] {
        assert!(EncryptionKey::of(pair(algorithm)).is_err(), "{algorithm}");
    }
}

#[test]
fn rfc_7518_b_3_aes_256_cbc_hmac_sha_512() {
    let key: [u8; 64] = std::array::from_fn(|i| u8::try_from(i).expect("a byte"));
    let iv = hex::decode("1af38c2dc2b96ffdd86694092341bc04").expect("hex");
    let plain = "A cipher system must not be required to be secret, and it must be able to fall into the hands of \
                 the enemy without inconvenience";
    let associated = b"The second principle of Auguste Kerckhoffs";
    let sealed = super::super::encryption::seal(&key, iv.try_into().expect("16 bytes"), plain.as_bytes(), associated)
        .expect("sealed");
    let text = concat!(
        "4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd822c301dd67c373bccb584ad3e9279c2",
        "e6d12a1374b77f077553df829410446b36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3",
        "a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950bbe2638d09dd7a4930930806d0703b1f6",
    );
    assert_eq!(hex::encode(sealed.text), text);
    assert_eq!(hex::encode(sealed.tag), "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5");
}
