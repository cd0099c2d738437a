//! Which language a browser wishes.

use axum::http::{HeaderMap, header};

use super::Site;
use crate::text::Texts;

/// The texts for a request: the language that is asked for by name, else the first that the browser wishes, else the clinic's
/// first.
pub(super) fn texts<'a>(site: &'a Site, asked: Option<&str>, headers: &HeaderMap) -> (&'a str, &'a Texts) {
    let known = |tag: &str| {
        site.languages()
            .find(|(language, _)| language.eq_ignore_ascii_case(tag))
    };
    let wished = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    let wished = wishes(wished.unwrap_or_default());
    let chosen = asked.and_then(known).or_else(|| {
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_owned();
        wished
            .iter()
            .find_map(|tag| known(tag).or_else(|| known(&primary(tag))))
    });
    let (language, texts) = chosen.unwrap_or(&site.language);
    (language, texts)
}

/// The tags of `Accept-Language`, the most wished first.
fn wishes(header: &str) -> Vec<String> {
    let mut wishes: Vec<(u32, String)> = header
        .split(',')
        .filter_map(|part| {
            let mut parameters = part.split(';').map(str::trim);
            let tag = parameters.next()?;
            let quality = parameters.find_map(|one| one.strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('='));
            let weight = thousandths(quality.unwrap_or("1").trim())?;
            (weight > 0 && !tag.is_empty()).then(|| (weight, tag.to_owned()))
        })
        .collect();
    wishes.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    wishes.into_iter().map(|(_, tag)| tag).collect()
}

/// A weight from 0 to 1, with at most three decimals.
fn thousandths(weight: &str) -> Option<u32> {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    let whole: u32 = whole.parse().ok().filter(|whole| *whole <= 1)?;
    let decimals: u32 = format!("{decimals:0<3}").get(..3)?.parse().ok()?;
    Some((whole * 1000 + decimals).min(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_wished_language_comes_first() {
        for (header, first) in [
            ("de", "de"),
            ("fr, de;q=0.5", "fr"),
            ("en;q=0.3, es;q=0.9", "es"),
            ("de;q=0, es;q=0.1", "es"),
            ("en;q=x, es", "es"),
            ("en;q=2, es;q=0.2", "es"),
            ("de-AT;q=0.8, en;q=0.75", "de-AT"),
            ("de; q=0.9, es;q=0.5", "de"),
            ("es;Q=0.5 , de ; Q = 0.9", "de"),
        ] {
            assert_eq!(wishes(header)[0], first, "{header}");
        }
        assert!(wishes("").is_empty() && wishes(";q=é").is_empty());
    }
}
