use crate::support::App;

const EVERYTHING: &str = "{ __schema { queryType { name } mutationType { name } subscriptionType { name } \
    types { kind name description fields(includeDeprecated: true) { name description \
    args { name description type { name } defaultValue } type { ...T } isDeprecated deprecationReason } \
    inputFields { name description type { ...T } defaultValue } interfaces { name } \
    enumValues(includeDeprecated: true) { name description } possibleTypes { name } } \
    directives { name description locations args { name description } } } } \
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// Questions that each lead to a part of the schema, and a part that would give it away.
const QUESTIONS: [(&str, &str); 4] = [
    ("{ __schema { types { name } } }", "SnippetConnection"),
    ("{ __type(name: \"Coder\") { fields { name } } }", "snippets"),
    ("query { viewr { id } }", "Did you mean"),
    ("query { viewer { usernme } }", "Did you mean"),
];

on_both_databases! {
    async fn whoever_may_explore_reads_the_whole_schema(app: App) {
        let answer = app.anonymous().graphql(EVERYTHING).await;
        let schema = &answer.data()["__schema"];
        assert_eq!(schema["queryType"]["name"], "Query");
        assert_eq!(schema["mutationType"]["name"], "Mutation");
        assert_eq!(schema["subscriptionType"]["name"], "Subscription");
        let types = schema["types"].as_array().expect("types");
        let names = |of: &serde_json::Value| -> Vec<String> {
            let mut names: Vec<_> = of
                .as_array()
                .into_iter()
                .flatten()
                .map(|named| named["name"].as_str().expect("a name").to_owned())
                .collect();
            names.sort();
            names
        };
        let find =
            |name: &str| types.iter().find(|of| of["name"] == name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(names(&find("User")["possibleTypes"]), ["Coder", "Mentor"]);
        assert_eq!(names(&find("Node")["possibleTypes"]), ["Coder", "Mentor", "Snippet"]);
        assert_eq!(names(&find("Coder")["interfaces"]), ["Node", "User"]);
        assert_eq!(names(&find("UserType")["enumValues"]), ["CODER", "MENTOR"]);
        for (question, part) in QUESTIONS {
            let answer = app.anonymous().graphql(question).await;
            assert!(answer.body.to_string().contains(part), "{question}: {}", answer.body);
        }
    }

    async fn without_introspection_nothing_tells_the_schema(app: App) {
        let app = app.another(|config| config.introspection = false).await;
        for (question, part) in QUESTIONS {
            let answer = app.anonymous().graphql(question).await;
            assert!(!answer.body.to_string().contains(part), "{question}: {}", answer.body);
        }
        let answer = app.anonymous().graphql("{ __typename viewer { __typename } }").await;
        assert_eq!(answer.data()["__typename"], "Query");
    }

    async fn whoever_asks_for_a_hidden_schema_is_told_that_there_is_none(app: App) {
        let app = app.another(|config| config.introspection = false).await;
        let everything = EVERYTHING.to_owned();
        for question in QUESTIONS.map(|(question, _)| question.to_owned()).into_iter().chain([everything]) {
            let answer = app.anonymous().graphql(&question).await;
            assert!(answer.body["errors"].is_array(), "{question}: {}", answer.body);
        }
    }
}
