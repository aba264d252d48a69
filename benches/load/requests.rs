//! Requests as bytes, so that a client has little to do.

use std::io::Write as _;

use fastrand::Rng;
use funcster_api::entity::user::Role;

use crate::{
    Outcome,
    data::{self, SNIPPETS_OF_A_CODER, Size},
    issuer::Issuer,
    workload::{Asked, Workload},
};

/// Writes requests, each as a random person sends it.
pub(crate) struct Requests {
    size: Size,
    /// For each person who speaks, a request up to the length of its body.
    coders: Vec<String>,
    mentors: Vec<String>,
}

impl Requests {
    /// Signs everybody's token.
    pub(crate) fn new(size: Size, issuer: &Issuer, host: &str) -> Outcome<Self> {
        let head = |username: String, role| -> Outcome<String> {
            let token = issuer.token(&data::subject(&username), role)?;
            Ok(format!(
                "POST /graphql HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
                 Content-Type: application/json\r\nAccept: application/graphql-response+json\r\nContent-Length: "
            ))
        };
        let coders = size.speaking_coders().numbers().map(|coder| head(data::coder_name(coder), Role::Coder));
        let mentors =
            size.speaking_mentors().numbers().map(|mentor| head(data::mentor_name(mentor), Role::Mentor));
        Ok(Self { size, coders: coders.collect::<Outcome<_>>()?, mentors: mentors.collect::<Outcome<_>>()? })
    }

    /// Puts a random request into `buffer`, in place of what is there.
    pub(crate) fn write(&self, workload: Workload, random: &mut Rng, buffer: &mut Vec<u8>) -> Asked {
        let (nth_coder, coder) = self.size.speaking_coders().random(random);
        let (nth_mentor, mentor) = self.size.speaking_mentors().random(random);
        let id = self.size.snippet_of(coder, random.u32(..SNIPPETS_OF_A_CODER));
        let number = random.u32(1_000_000..);
        let asked = match workload {
            Workload::W1 => Asked::Snippet { id },
            Workload::W2 => Asked::Library { coder },
            Workload::W3 => Asked::Queue { mentor },
            Workload::W4 => Asked::Overview,
            Workload::W5 if random.bool() => Asked::Create { coder, number },
            Workload::W5 => Asked::Update { id, number },
        };
        let head = match asked {
            Asked::Queue { .. } | Asked::Overview => &self.mentors[nth_mentor],
            _ => &self.coders[nth_coder],
        };
        let body = asked.body();
        buffer.clear();
        buffer.extend_from_slice(head.as_bytes());
        let _ = write!(buffer, "{}\r\n\r\n{body}", body.len());
        asked
    }
}
