use std::{
    collections::{HashMap, HashSet},
    fmt,
    io::{self, BufRead, BufReader, Read},
};

use flate2::bufread::MultiGzDecoder;
use serde::Deserialize;

use crate::domain::accounts::{Link, is_subject, link_command};

/// The first bytes of a gzipped file (RFC 1952 section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// A user export: the people in it, and what is wrong with its other lines.
#[derive(Debug, Default)]
pub struct Export {
    pub(super) people: Vec<Person>,
    pub(super) problems: Vec<Problem>,
}

/// A line's number, from 1, and what is wrong with it.
pub type Problem = (usize, String);

/// A line of the export (Auth0 Management API, "Create export users job"; capitals as its extension writes them).
#[derive(Deserialize)]
struct Line {
    #[serde(alias = "Id")]
    user_id: String,
    #[serde(alias = "Username")]
    username: Option<String>,
    #[serde(alias = "Nickname")]
    nickname: Option<String>,
    #[serde(alias = "Email")]
    email: Option<String>,
}

#[derive(Debug)]
pub(super) struct Person {
    pub(super) line: usize,
    pub(super) subject: String,
    pub(super) name: String,
    is_nickname: bool,
    email: Option<String>,
    /// Why it is not clear which account is theirs.
    pub(super) doubt: Option<String>,
}

/// Reads newline-delimited JSON, gzipped or not.
///
/// # Errors
/// When it cannot be read; what is wrong with a line is told in the report.
pub fn read(export: impl Read) -> io::Result<Export> {
    let mut export = BufReader::new(export);
    if export.fill_buf()?.starts_with(&GZIP) {
        read_lines(BufReader::new(MultiGzDecoder::new(export)))
    } else {
        read_lines(export)
    }
}

fn read_lines(mut export: impl BufRead) -> io::Result<Export> {
    let (mut people, mut problems, mut line, mut number) = (Vec::new(), Vec::new(), Vec::new(), 0);
    while export.read_until(b'\n', &mut line)? > 0 {
        number += 1;
        let text = line.trim_ascii();
        // A byte order mark is no part of the JSON.
        let text = if number == 1 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text };
        if !text.is_empty() {
            match read_line(number, text) {
                Ok(person) => people.push(person),
                Err(problem) => problems.push((number, problem)),
            }
        }
        line.clear();
    }
    // A line that stands there twice is no problem.
    let mut seen = HashSet::new();
    people.retain(|person| seen.insert((person.subject.clone(), person.name.to_lowercase())));
    mark_doubts(&mut people);
    Ok(Export { people, problems })
}

fn read_line(number: usize, text: &[u8]) -> Result<Person, String> {
    let line: Line = serde_json::from_slice(text).map_err(|error| format!("this is not a user: {error}"))?;
    if !is_subject(&line.user_id) {
        return Err(Link::NotASubject.to_string());
    }
    let username = line.username.filter(|username| !username.is_empty());
    let is_nickname = username.is_none();
    let name = username.or(line.nickname).ok_or("this person has neither username nor nickname")?;
    Ok(Person { line: number, subject: line.user_id, name, is_nickname, email: line.email, doubt: None })
}

/// Finds those of whom it is not clear which account is theirs. A username counts for more than a
/// nickname, which people may choose as they like.
fn mark_doubts(people: &mut [Person]) {
    let mut lines_of: HashMap<String, Vec<usize>> = HashMap::new();
    let mut nicknames_of: HashMap<String, Vec<usize>> = HashMap::new();
    for person in &*people {
        let lines = if person.is_nickname { &mut nicknames_of } else { &mut lines_of };
        lines.entry(person.name.to_lowercase()).or_default().push(person.line);
    }
    let mut line_of_subject: HashMap<String, usize> = HashMap::new();
    for person in people {
        let name = person.name.to_lowercase();
        let rivals = match lines_of.get(&name).filter(|_| person.is_nickname) {
            Some(usernames) => Some(usernames),
            None => lines_of.get(&name).or(nicknames_of.get(&name)).filter(|lines| lines.len() > 1),
        };
        let first = *line_of_subject.entry(person.subject.clone()).or_insert(person.line);
        person.doubt = if first == person.line {
            rivals.map(|lines| {
                let lines = lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let command = link_command(&person.name, &person.subject);
                format!("{person} bears the name of line {lines}: {command}")
            })
        } else {
            Some(format!("{} is in line {first} already", person.subject))
        };
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.subject)?;
        if let Some(email) = &self.email {
            write!(f, " <{email}>")?;
        }
        if self.is_nickname { write!(f, " (a nickname)") } else { Ok(()) }
    }
}
