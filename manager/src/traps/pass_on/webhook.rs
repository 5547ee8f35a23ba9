//! A web server that is posted to.

use std::{sync::Arc, time::Duration};

use rustls::crypto::{CryptoProvider, ring};
use ureq::{
    Agent,
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};

use super::{ConsumerFault, Deliver, Failure, Hurry, header, json};
use crate::traps::{Passed, Webhook};

pub(super) struct Post {
    agent: Agent,
    url: String,
    retries: u32,
    authorization: Option<String>,
    hurry: Hurry,
}

/// The pause after the first attempt; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest.
const LONGEST: Duration = Duration::from_secs(60);

impl Post {
    pub(super) fn new(webhook: &Webhook, hurry: Hurry) -> Result<Self, ConsumerFault> {
        let Webhook { url, timeout, retries, ca_file, authorization } = webhook;
        let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
        let roots = match ca_file {
            None => RootCerts::PlatformVerifier,
            Some(pem) => RootCerts::new_with_certs(&certificates(pem)?),
        };
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(roots)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(*timeout))
            // Where it is posted to is said in the file, and by no answer.
            .max_redirects(0)
            .max_redirects_will_error(true)
            .user_agent(concat!("lcms-manager/", env!("CARGO_PKG_VERSION")))
            .build();
        let authorization = match authorization {
            None => None,
            Some(secret) => Some(header(secret).ok_or(ConsumerFault::Authorization)?.to_owned()),
        };
        Ok(Self { agent: config.into(), url: url.clone(), retries: *retries, authorization, hurry })
    }

    fn post(&self, body: &[u8]) -> Result<(), ureq::Error> {
        let mut request = self.agent.post(&self.url).content_type("application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        request.send(body).map(drop)
    }
}

impl Deliver for Post {
    fn deliver(&mut self, passed: &Passed) -> Result<(), Failure> {
        let body = json(passed)?;
        let mut pause = PAUSE;
        let mut attempts = 1;
        loop {
            let last = match self.post(&body) {
                Ok(()) => return Ok(()),
                Err(last) => last,
            };
            // What is wrong with what we say stays wrong; only "too many" passes.
            let vain = matches!(last, ureq::Error::StatusCode(code)
                if (400..500).contains(&code) && code != 408 && code != 429);
            if vain || attempts > self.retries {
                return Err(Failure::Post { attempts, last: Box::new(last) });
            }
            self.hurry.wait_for(None, pause)?;
            pause = pause.saturating_mul(2).min(LONGEST);
            attempts += 1;
        }
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, ConsumerFault> {
    let mut all = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(one) =
            item.map_err(|error| ConsumerFault::Authorities(Box::new(error)))?
        {
            all.push(one);
        }
    }
    match all.is_empty() {
        true => Err(ConsumerFault::NoAuthorities),
        false => Ok(all),
    }
}

#[cfg(test)]
mod tests;
