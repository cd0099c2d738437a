//! What people read of a page.

/// Attributes that are read out, or that the script puts into the page.
const SAID: [&str; 8] = [
    "aria-label=\"",
    "title=\"",
    "placeholder=\"",
    "data-fresh=\"",
    "data-ago=\"",
    "data-refused=\"",
    "data-wrong=\"",
    "data-shut=\"",
];

/// Elements within a line.
const INLINE: [&str; 5] = ["a", "strong", "span", "time", "b"];

/// The text of the body of a page, in the order in which it stands there.
pub(crate) fn of(html: &str) -> String {
    let body = html.split_once("<body>").map_or(html, |(_, body)| body);
    let mut text = String::new();
    let mut rest = body;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let (tag, behind) = after.split_once('>').expect("a tag ends");
        let name = tag.trim_start_matches('/').split(' ').next().expect("a name");
        if !INLINE.contains(&name) {
            text.push(' ');
        }
        rest = behind;
    }
    text.push_str(rest);
    plain(&text)
}

/// The attributes that are said.
pub(crate) fn said(html: &str) -> String {
    let values = SAID.iter().flat_map(|start| html.split(start).skip(1));
    let values: Vec<&str> = values.filter_map(|rest| rest.split('"').next()).collect();
    plain(&values.join(" "))
}

fn plain(text: &str) -> String {
    let pairs = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    let text = pairs
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Words that the page does not use, in this text.
pub(crate) fn not_to_be_used(text: &str) -> Vec<String> {
    const WORDS: [&str; 7] = ["error", "failed", "abnormal", "safe", "cleared", "approved", "dose"];
    let words = text.split(|character: char| !character.is_alphanumeric() && character != '_');
    words
        .map(str::to_lowercase)
        .filter(|word| WORDS.contains(&word.as_str()))
        .collect()
}
