//! What the schema may become, as long as clients of the one released last go on working.

use funcster_api::graphql::{self, breaking};

const RELEASED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schema/released.graphql"));
const DECLARED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schema/breaking.txt"));

const OLD: &str = "
    schema { query: Query }
    directive @requiresPermission(permission: String!, note: String) on FIELD_DEFINITION | OBJECT
    type Query { pet(id: ID!, size: Int = 3, kinds: [Kind!]): Pet pets: [Pet!]! }
    interface Pet { name: String! }
    interface Owned { owner: String }
    type Cat implements Pet & Owned { name: String! owner: String lives: [Int!] }
    type Dog implements Pet { name: String! }
    union Any = Cat | Dog
    enum Kind { CAT DOG }
    input Filter { kind: Kind, sizes: [Int] = [1], names: [String!]! }
    scalar Moment
";

/// The sentences about a definition in which `was` stands for `is` now.
fn changes(was: &str, is: &str) -> Vec<String> {
    assert!(OLD.contains(was), "{was}");
    breaking::changes(OLD, &OLD.replace(was, is)).expect("both parse").into_iter().collect()
}

#[test]
fn the_schema_breaks_nothing_that_is_not_declared() {
    let changes = breaking::changes(RELEASED, &graphql::sdl()).expect("both parse");
    let problems = breaking::problems(&changes, DECLARED);
    assert!(problems.is_empty(), "schema/breaking.txt tells what to do:\n{}", problems.join("\n"));
}

#[test]
fn every_kind_of_breaking_change_is_found() {
    for (was, is, sentence) in [
        ("scalar Moment", "", "The type Moment was removed."),
        ("scalar Moment", "enum Moment { NOW }", "Moment was a scalar, and is an enum now."),
        ("Pet & Owned", "Pet", "Cat does not implement Owned any more."),
        ("= Cat | Dog", "= Cat", "Dog is not in Any any more."),
        ("{ CAT DOG }", "{ CAT }", "Kind.DOG was removed."),
        ("lives: [Int!]", "", "Cat.lives was removed."),
        ("lives: [Int!]", "lives: [Int]", "Cat.lives was of the type [Int!], and is [Int] now."),
        ("lives: [Int!]", "lives: Int", "Cat.lives was of the type [Int!], and is Int now."),
        ("pets: [Pet!]!", "pets: [Pet!]", "Query.pets was of the type [Pet!]!, and is [Pet!] now."),
        ("pets: [Pet!]!", "pets: [Dog!]!", "Query.pets was of the type [Pet!]!, and is [Dog!]! now."),
        ("(id: ID!, ", "(", "Query.pet(id:) was removed."),
        ("size: Int = 3", "size: Int! = 3", "Query.pet(size:) was of the type Int, and is Int! now."),
        ("size: Int = 3", "size: Int = 4", "Query.pet(size:) had the default 3, and is 4 now."),
        ("size: Int = 3", "size: Int", "Query.pet(size:) had the default 3, and has none now."),
        ("size: Int = 3", "size: Int = 3, age: Int!", "Query.pet(age:) was added, and is required."),
        ("kind: Kind,", "", "Filter.kind was removed."),
        ("kind: Kind,", "kind: Kind!,", "Filter.kind was of the type Kind, and is Kind! now."),
        ("kind: Kind,", "kind: Kind, age: Int!,", "Filter.age was added, and is required."),
        ("= [1]", "= [2]", "Filter.sizes had the default [1], and is [2] now."),
        (
            "pets: [Pet!]!",
            "pets: [Pet!]! @requiresPermission(permission: \"p\")",
            "Query.pets requires \"p\" now.",
        ),
        (", note: String", "", "@requiresPermission(note:) was removed."),
        (
            ", note: String",
            ", note: String!",
            "@requiresPermission(note:) was of the type String, and is String! now.",
        ),
        (" | OBJECT", "", "@requiresPermission cannot stand on Object any more."),
    ] {
        assert_eq!(changes(was, is), [sentence], "{was} -> {is}");
    }
    let found = breaking::changes("directive @old on FIELD type Query { a: Int }", "type Query { a: Int }");
    assert_eq!(Vec::from_iter(found.expect("both parse")), ["The directive @old was removed."]);
}

#[test]
fn what_clients_do_not_notice_is_no_breaking_change() {
    for (was, is) in [
        ("scalar Moment", "scalar Moment type New { a: Int }"),
        ("interface Owned", "\"Described.\" interface Owned"),
        ("lives: [Int!]", "lives: [Int!]! legs: Int"),
        ("(id: ID!,", "(id: ID, colour: String, age: Int! = 1,"),
        ("[Kind!])", "[Kind])"),
        ("[Kind!])", "[Kind!] = [CAT])"),
        ("{ CAT DOG }", "{ DOG BIRD CAT }"),
        ("names: [String!]!", "names: [String], colour: String, age: Int! = 1"),
        ("type Dog implements Pet {", "type Dog implements Pet & Owned { owner: String"),
        ("lives: [Int!]", "lives: [Int!] @deprecated"),
        ("= Cat | Dog", "= Dog | Query | Cat"),
        (" | OBJECT", " | OBJECT | ENUM"),
    ] {
        assert_eq!(changes(was, is), [""; 0], "{was} -> {is}");
    }
}

#[test]
fn a_breaking_change_is_declared_with_its_reason_and_no_longer_than_it_is_there() {
    let changes = breaking::changes(OLD, &OLD.replace("{ CAT DOG }", "{ CAT }")).expect("both parse");
    let problems = |declarations: &str| breaking::problems(&changes, declarations);
    let change = "Kind.DOG was removed.";
    assert_eq!(problems("# Nothing.\n"), [format!("Breaking, and not declared: {change}")]);
    assert_eq!(problems(&format!("{change}\n")), [format!("Declared without a reason: {change}")]);
    assert_eq!(problems(&format!("{change}\n    Dogs are pets.\n")), [""; 0]);
    let stale = format!("Kind.CAT was removed.\n    Cats are no pets.\n{change}\n    Dogs are pets.\n");
    assert_eq!(problems(&stale), ["Declared, but not so: Kind.CAT was removed."]);
}
