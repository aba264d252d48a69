//! The key that signs, and verifies, the tenant's access tokens.

use std::{io, path::Path};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use serde::{Serialize, de::DeserializeOwned};

use super::file;

/// An RSA key pair for RS256.
pub(super) struct SigningKey {
    private: EncodingKey,
    public: DecodingKey,
    jwk: Jwk,
    key_id: String,
}

impl SigningKey {
    /// Loads the key from a PEM file, or makes one and keeps it there. Tokens that people have in
    /// use outlive a restart by that.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let pem = if let Some(pem) = file::read(path)? {
            pem
        } else {
            let pem = generate().map_err(io::Error::other)?;
            file::replace(path, pem.as_bytes())?;
            pem.into_bytes()
        };
        Self::from_pem(&pem).map_err(|error| file::invalid(path, error))
    }

    fn from_pem(pem: &[u8]) -> jsonwebtoken::errors::Result<Self> {
        let private = EncodingKey::from_rsa_pem(pem)?;
        let mut jwk = Jwk::from_encoding_key(&private, Algorithm::RS256)?;
        let key_id = jwk.thumbprint(ThumbprintHash::SHA256)?;
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        jwk.common.key_id = Some(key_id.clone());
        let public = DecodingKey::from_jwk(&jwk)?;
        Ok(Self { private, public, jwk, key_id })
    }

    /// The key set to publish.
    pub(super) fn jwks(&self) -> JwkSet {
        JwkSet { keys: vec![self.jwk.clone()] }
    }

    /// Makes a JWT. Its `typ` is `JWT`, as Auth0's default token profile has it.
    pub(super) fn sign(&self, claims: &impl Serialize) -> jsonwebtoken::errors::Result<String> {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &self.private)
    }

    /// The claims of a JWT that this key signed, provided that `validation` is content with them.
    pub(super) fn verify<Claims: DeserializeOwned>(
        &self,
        token: &str,
        validation: &Validation,
    ) -> jsonwebtoken::errors::Result<Claims> {
        Ok(jsonwebtoken::decode(token, &self.public, validation)?.claims)
    }
}

/// A new key as PKCS#8 in PEM.
fn generate() -> Result<String, aws_lc_rs::error::Unspecified> {
    let pair = KeyPair::generate(KeySize::Rsa2048)?;
    let der: Pkcs8V1Der<'_> = pair.as_der()?;
    Ok(pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref())))
}
