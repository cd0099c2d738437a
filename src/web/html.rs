//! HTML that cannot be broken out of: markup is written in the source, everything else is escaped.

/// A piece of HTML under construction.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Adds markup that stands in the source, as it is.
    pub(super) fn raw(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// Adds a text, escaped.
    pub(super) fn text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                _ => self.0.push(character),
            }
        }
    }

    /// Adds an element with what `inside` adds.
    pub(super) fn tag(
        &mut self,
        name: &'static str,
        attributes: &[(&'static str, &str)],
        inside: impl FnOnce(&mut Self),
    ) {
        self.open(name, attributes);
        inside(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// Adds an element with a text in it.
    pub(super) fn line(&mut self, name: &'static str, attributes: &[(&'static str, &str)], text: &str) {
        self.tag(name, attributes, |html| html.text(text));
    }

    /// Adds an element that has no end.
    pub(super) fn open(&mut self, name: &'static str, attributes: &[(&'static str, &str)]) {
        self.0.push('<');
        self.0.push_str(name);
        for (attribute, value) in attributes {
            self.0.push(' ');
            self.0.push_str(attribute);
            self.0.push_str("=\"");
            self.text(value);
            self.0.push('"');
        }
        self.0.push('>');
    }

    /// The whole.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_stand_in_the_source_is_escaped() {
        let mut html = Html::default();
        html.tag("p", &[("title", "\"><b>&")], |html| html.text("<script>'x'</script>"));
        let expected = "<p title=\"&quot;&gt;&lt;b&gt;&amp;\">&lt;script&gt;&#39;x&#39;&lt;/script&gt;</p>";
        assert_eq!(html.finish(), expected);
    }
}
