//! The demo people and their snippets: what `dev` and `seed` put into an empty database.

/// A demo coder, their mentor, and their library.
pub struct DemoCoder {
    /// The name they log in with.
    pub username: &'static str,
    /// The username of the mentor who reviews them, from [`MENTORS`], or `None` while they wait.
    pub mentor: Option<&'static str>,
    /// Their library, oldest first.
    pub snippets: &'static [DemoSnippet],
}

/// A snippet in a demo coder's library.
pub struct DemoSnippet {
    /// Its title, as people see it.
    pub name: &'static str,
    /// The Python source.
    pub code: &'static str,
    /// Whether the coder has asked their mentor to look at it.
    pub needs_review: bool,
    /// What the mentor wrote about it, if anything.
    pub comments: Option<&'static str>,
}

/// The usernames of the demo mentors; the last of them has no coders.
pub const MENTORS: &[&str] = &["mentor1", "mentor2", "mentor3"];

/// The demo coders: one has no mentor, and another has an empty library.
pub const CODERS: &[DemoCoder] = &[
    DemoCoder {
        username: "coder1",
        mentor: Some("mentor1"),
        snippets: &[
            DemoSnippet {
                name: "FizzBuzz without a ladder of ifs",
                code: include_str!("fizz_buzz.py"),
                needs_review: false,
                comments: Some(
                    "Lovely: with the rules in a list, adding (7, \"Bang\") is one more pair and no new \
                     logic. The `words or str(number)` at the end is very neat.",
                ),
            },
            DemoSnippet {
                name: "Shopping basket with a receipt",
                code: include_str!("shopping_basket.py"),
                needs_review: true,
                comments: Some(
                    "Keeping prices in whole pence was a wise choice. Try calling add_item twice without a \
                     basket, though: the default list is made once, so both calls share it. Make the \
                     default None and create the list inside the function.",
                ),
            },
            DemoSnippet {
                name: "Flatten a list of lists of lists",
                code: include_str!("flatten_list.py"),
                needs_review: false,
                comments: None,
            },
            DemoSnippet {
                name: "Fibonacci that remembers",
                code: include_str!("fibonacci_memo.py"),
                needs_review: false,
                comments: Some(
                    "You wrote your own functools.cache, and remembered wraps too! For something to chew \
                     on: what happens if the first call is fibonacci(5000), and why?",
                ),
            },
            DemoSnippet {
                name: "Leaderboard with a fair tie-break",
                code: include_str!("leaderboard.py"),
                needs_review: true,
                comments: None,
            },
            DemoSnippet {
                name: "The ten commonest words in a book",
                code: include_str!("word_frequency.py"),
                needs_review: false,
                comments: None,
            },
        ],
    },
    DemoCoder {
        username: "coder2",
        mentor: Some("mentor1"),
        snippets: &[
            DemoSnippet {
                name: "Retry a flaky call with a decorator",
                code: include_str!("retry_decorator.py"),
                needs_review: true,
                comments: Some(
                    "Catching only OSError and raising it again on the last attempt is just right. Run it \
                     and look at the name it prints: functools.wraps on wrapper will give read_sensor its \
                     own name and docstring back.",
                ),
            },
            DemoSnippet {
                name: "Endless primes from a generator",
                code: include_str!("prime_generator.py"),
                needs_review: false,
                comments: None,
            },
            DemoSnippet {
                name: "Read quiz scores from a CSV file",
                code: include_str!("read_scores.py"),
                needs_review: true,
                comments: Some(
                    "Good thinking to handle the empty case in average. The bare except hides too much: a \
                     missing file, a typo in row 3 and even Ctrl-C all look the same. Catch ValueError \
                     around one row, say which row it was, and let the rest be raised.",
                ),
            },
        ],
    },
    DemoCoder {
        username: "coder3",
        mentor: Some("mentor2"),
        snippets: &[
            DemoSnippet {
                name: "Binary search",
                code: include_str!("binary_search.py"),
                needs_review: true,
                comments: Some(
                    "So close! Try binary_search([5], 5): low and high are both 0, so the loop never looks \
                     at the one item left. Which comparison in the while would let it?",
                ),
            },
            DemoSnippet {
                name: "Which invoices are still unpaid?",
                code: include_str!("missing_invoices.py"),
                needs_review: true,
                comments: Some(
                    "Clear and correct, and I like that it keeps the order. Each `not in paid` walks the \
                     whole list, which will crawl at 50,000 invoices, so make paid a set before the loop, \
                     and keep another of what you have seen.",
                ),
            },
            DemoSnippet {
                name: "Bank account with its tests",
                code: include_str!("bank_account.py"),
                needs_review: true,
                comments: None,
            },
        ],
    },
    DemoCoder {
        username: "coder4",
        mentor: None,
        snippets: &[
            DemoSnippet {
                name: "Time a block with a context manager",
                code: include_str!("stopwatch.py"),
                needs_review: false,
                comments: None,
            },
            DemoSnippet {
                name: "Celsius to Fahrenheit and back",
                code: include_str!("temperature_cli.py"),
                needs_review: false,
                comments: None,
            },
        ],
    },
    DemoCoder { username: "coder5", mentor: Some("mentor1"), snippets: &[] },
];
