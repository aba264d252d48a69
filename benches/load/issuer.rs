//! Who signs the tokens: the local stand-in for Auth0, which publishes its key over HTTP. It would
//! have to know everybody; their tokens are signed here instead, with its key.

use std::path::Path;

use axum::Router;
use funcster_api::{auth::Permission, config::Auth0, dev, entity::user::Role};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk};
use serde_json::json;
use tokio::{net::TcpListener, runtime::Runtime};

use crate::Outcome;

pub(crate) struct Issuer {
    pub(crate) settings: Auth0,
    key: EncodingKey,
    header: Header,
}

impl Issuer {
    /// Starts it, with its files in `directory`; it ends with the runtime.
    pub(crate) fn start(runtime: &Runtime, directory: &Path) -> Outcome<Self> {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let settings = dev::config(listener.local_addr()?.port(), directory).auth0;
        let auth0 = dev::open_auth0(&settings, directory)?;
        let router = Router::new().nest(dev::AUTH0_PATH, auth0.router());
        runtime.spawn(async move { axum::serve(listener, router).await });

        let key = EncodingKey::from_rsa_pem(&std::fs::read(directory.join("auth0/signing-key.pem"))?)?;
        let public = jwk::Jwk::from_encoding_key(&key, Algorithm::RS256)?;
        let key_id = public.thumbprint(jwk::ThumbprintHash::SHA256)?;
        let header = Header { kid: Some(key_id), ..Header::new(Algorithm::RS256) };
        Ok(Self { settings, key, header })
    }

    /// An access token as people of this role get them, for a day.
    pub(crate) fn token(&self, subject: &str, role: Role) -> Outcome<String> {
        let now = jsonwebtoken::get_current_timestamp();
        let permissions = match role {
            Role::Coder => Permission::OF_CODERS.as_slice(),
            Role::Mentor => Permission::OF_MENTORS.as_slice(),
        };
        let claims = json!({
            "iss": self.settings.issuer.as_str(),
            "sub": subject,
            "aud": [self.settings.audience, format!("{}userinfo", self.settings.issuer)],
            "iat": now,
            "exp": now + 86_400,
            "scope": "openid profile email",
            "azp": self.settings.client_id,
            "permissions": permissions.iter().copied().map(Permission::name).collect::<Vec<_>>(),
        });
        Ok(jsonwebtoken::encode(&self.header, &claims, &self.key)?)
    }
}
