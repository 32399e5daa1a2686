//! A trail for people, in Chinese or English, and for programs.

use std::fmt::Write as _;
use std::str::FromStr;

use serde_json::{Map, Value as Json, json as object};

use super::{Section, Step, Trail, Value, formula, labels};

/// Language of headings and words; data (names, clauses) stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl FromStr for Lang {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "zh" => Ok(Self::Zh),
            "en" => Ok(Self::En),
            _ => Err(format!("`{name}` is no language; write `zh` or `en`")),
        }
    }
}

impl Lang {
    /// The label of a word; its name where it has none, which [`Trail::check`] refuses.
    fn label(self, word: &str) -> &str {
        labels(word).map_or(word, |(zh, en)| self.choose(zh, en))
    }

    fn choose<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// The trail as text: a block a section, two or three lines a line.
#[must_use]
pub fn text(trail: &Trail, lang: Lang) -> String {
    let mut text = format!(
        "{} {} · {} {} · {}\n",
        lang.label(trail.subject),
        trail.id,
        trail.year,
        lang.choose("年", "year settled"),
        lang.choose("情景", "scenario").to_owned() + " " + &trail.scenario,
    );
    for section in &trail.sections {
        text.push('\n');
        text.push_str(&heading(section, lang));
        text.push('\n');
        for step in &section.steps {
            write_step(&mut text, step, lang);
        }
    }
    text
}

fn heading(section: &Section, lang: Lang) -> String {
    let of = if section.which.is_empty() { String::new() } else { format!(" {}", section.which) };
    format!("【{}{of}】", lang.label(section.key))
}

fn label(step: &Step, lang: Lang) -> String {
    match step.which.as_str() {
        "" => lang.label(step.key).to_owned(),
        of => format!("{} ({of})", lang.label(step.key)),
    }
}

fn write_step(text: &mut String, step: &Step, lang: Lang) {
    let result = with_unit(&step.result, lang);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "  {}: {result}", label(step, lang));
    if !step.symbols.is_empty() {
        let symbols = symbols(step, lang);
        let numbers = numbers(step, lang);
        if symbols == numbers {
            let _ = writeln!(text, "      = {symbols}");
        } else {
            let _ = writeln!(text, "      = {symbols}\n      = {numbers}");
        }
    }
    let source = source(step, lang);
    if !source.is_empty() {
        let _ = writeln!(text, "      {source}");
    }
}

fn source(step: &Step, lang: Lang) -> String {
    let mut parts = Vec::new();
    if !step.path.is_empty() {
        parts.push(format!("{} {}", lang.choose("参数", "parameter"), step.path));
    }
    if !step.clause.is_empty() {
        parts.push(format!("{} {}", lang.choose("条款", "clause"), step.clause));
    }
    if !step.reading.is_empty() {
        parts.push(format!("{} {}", lang.choose("口径", "reading"), step.reading));
    }
    parts.join(" · ")
}

fn with_unit(value: &Value, lang: Lang) -> String {
    let text = shown(value, lang);
    match value {
        Value::Money(_) | Value::Yuan(_) => format!("{text} {}", lang.choose("元", "yuan")),
        Value::Points(_) | Value::PointSum(_) => format!("{text} {}", lang.choose("点", "points")),
        _ => text,
    }
}

fn shown(value: &Value, lang: Lang) -> String {
    if let Value::Word(word) = value { lang.label(word).to_owned() } else { value.plain() }
}

/// Name of a function; nothing for `sum`, whose list says so itself.
fn function(name: &str, lang: Lang) -> String {
    let places = |name: &str| name.parse::<u32>().ok();
    if let Some(places) = name.strip_prefix("round").and_then(places) {
        return match lang {
            Lang::Zh => format!("四舍五入到 {places} 位"),
            Lang::En => format!("rounded to {places} places "),
        };
    }
    if let Some(places) = name.strip_prefix("floor").and_then(places) {
        return match lang {
            Lang::Zh => format!("向下取到 {places} 位"),
            Lang::En => format!("rounded down to {places} places "),
        };
    }
    match name {
        "min" => lang.choose("较小者", "smaller of "),
        "max" => lang.choose("较大者", "larger of "),
        "sum" => "Σ",
        _ => name,
    }
    .to_owned()
}

fn symbols(step: &Step, lang: Lang) -> String {
    formula::shown(&step.symbols, |name, opens| {
        if opens { function(name, lang) } else { lang.label(name).to_owned() }
    })
}

fn numbers(step: &Step, lang: Lang) -> String {
    formula::shown(&step.symbols, |name, opens| {
        let bound = step.inputs.iter().find(|(symbol, _)| *symbol == name);
        match bound {
            _ if opens && name == "sum" => String::new(),
            _ if opens => function(name, lang),
            Some((_, value)) => shown(value, lang),
            None => name.to_owned(),
        }
    })
}

/// The trail as one JSON object; amounts are text, because a JSON number would become a float.
///
/// `{"subject", "id", "scenario", "year", "sections": [{"key", "label", "which", "steps": [{"key", "label",
/// "which", "formula", "inputs": [{"key", "label", "value", "unit"}], "value", "unit", "parameter", "clause",
/// "reading"}]}], "result": {"value", "unit"}}`
#[must_use]
pub fn json(trail: &Trail, lang: Lang) -> Json {
    let sections: Vec<Json> = trail
        .sections
        .iter()
        .map(|section| {
            let steps: Vec<Json> = section.steps.iter().map(|step| step_json(step, lang)).collect();
            object!({
                "key": section.key,
                "label": lang.label(section.key),
                "which": section.which,
                "steps": steps,
            })
        })
        .collect();
    object!({
        "subject": trail.subject,
        "id": trail.id,
        "scenario": trail.scenario,
        "year": trail.year,
        "sections": sections,
        "result": trail.result().map_or(Json::Null, |value| value_json(value, lang)),
    })
}

fn step_json(step: &Step, lang: Lang) -> Json {
    let inputs: Vec<Json> = step
        .inputs
        .iter()
        .map(|(word, value)| {
            let mut input = Map::new();
            input.insert("key".to_owned(), (*word).into());
            input.insert("label".to_owned(), lang.label(word).into());
            input.insert("value".to_owned(), shown(value, lang).into());
            input.insert("unit".to_owned(), value.unit().into());
            Json::Object(input)
        })
        .collect();
    object!({
        "key": step.key,
        "label": lang.label(step.key),
        "which": step.which,
        "formula": step.symbols,
        "inputs": inputs,
        "value": shown(&step.result, lang),
        "unit": step.result.unit(),
        "parameter": step.path,
        "clause": step.clause,
        "reading": step.reading,
    })
}

fn value_json(value: &Value, lang: Lang) -> Json {
    object!({ "value": shown(value, lang), "unit": value.unit() })
}
