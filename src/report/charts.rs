//! Charts as inline SVG: bars, bars by month, and a scatter on logarithmic axes.
//!
//! Coordinates are floats, figures are not: a label that shows a figure is drawn as a placeholder
//! and becomes the figure's own text with its `data-source` afterwards; other texts are axis ticks.

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Error;
use super::figure::Figure;
use super::sections::escape;

/// Width of every chart, in SVG units; the page scales it.
const WIDTH: u32 = 860;
/// Room for names left of bars.
const NAMES: i32 = 210;
/// Height of one bar with its gap.
const BAR: i32 = 20;
/// Size that plotters turns into 13 units.
const TEXT: f64 = 16.0;

const INK: RGBColor = RGBColor(0x26, 0x2f, 0x3d);
const GRID: RGBColor = RGBColor(0xd9, 0xdf, 0xe7);
const DARK: RGBColor = RGBColor(0x1f, 0x5f, 0x8b);
const LIGHT: RGBColor = RGBColor(0x8f, 0xbc, 0xd8);
const GAIN: RGBColor = RGBColor(0x2e, 0x7d, 0x5b);
const LOSS: RGBColor = RGBColor(0xb4, 0x53, 0x33);
const LIMIT: RGBColor = RGBColor(0xc0, 0x1c, 0x28);

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Chart<'a, X, Y> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>;
type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<std::io::Error>>;

/// One horizontal bar.
#[derive(Debug, Clone)]
pub(super) struct Bar {
    /// Name, left of the plot.
    pub(super) name: Figure,
    /// The value shown at its end; it must be a number.
    pub(super) value: Figure,
    /// A value marked on the bar: a tick on plain bars, a hollow bar on signed ones.
    pub(super) mark: Option<Figure>,
}

/// A chart of horizontal bars, shares of one.
#[derive(Debug)]
pub(super) struct Bars<'a> {
    /// Name for errors.
    pub(super) id: &'static str,
    /// Title for screen readers.
    pub(super) title: &'a str,
    /// Title of the axis.
    pub(super) axis: &'a str,
    /// From top to bottom; `None` is a gap for bars left out.
    pub(super) bars: Vec<Option<Bar>>,
    /// Green above zero, red below, and marks as hollow bars.
    pub(super) signed: bool,
    /// A vertical line with its figure.
    pub(super) limit: Option<Figure>,
}

/// Months with a dark and a light column each.
#[derive(Debug)]
pub(super) struct Months<'a> {
    pub(super) title: &'a str,
    /// Unit of the axis, by magnitude: one, ten thousand or thousand, hundred million or million.
    pub(super) unit: &'a str,
    /// What one unit is.
    pub(super) unit_yuan: f64,
    /// Month, cost, booked.
    pub(super) months: Vec<(Figure, Figure, Figure)>,
}

/// Groups by the weight of two years.
#[derive(Debug)]
pub(super) struct Scatter<'a> {
    pub(super) title: &'a str,
    pub(super) x_axis: &'a str,
    pub(super) y_axis: &'a str,
    /// Name, older and newer weight, both above zero.
    pub(super) points: Vec<(Figure, Figure, Figure)>,
}

/// Figures drawn so far; their placeholders name the position.
#[derive(Debug, Default)]
struct Labels(Vec<Figure>);

impl Labels {
    fn placeholder(&mut self, figure: Figure) -> String {
        self.0.push(figure);
        format!("\u{2402}{}\u{2403}", self.0.len() - 1)
    }

    /// Turns placeholders into figures, other texts into ticks, and names the drawing.
    fn finish(&self, svg: &str, title: &str) -> String {
        let mut parts = svg.split("<text ");
        let opening = parts.next().unwrap_or_default();
        let body_at = opening.find('>').map_or(0, |at| at + 1);
        let head = opening[..body_at]
            .replace("<svg ", &format!("<svg role=\"img\" aria-label=\"{}\" ", escape(title)));
        let mut html = head + &opening[body_at..];
        for part in parts {
            let (attributes, rest) = part.split_once(">\n").unwrap_or((part, ""));
            let (content, after) = rest.split_once("\n</text>").unwrap_or((rest, ""));
            let figure = content
                .strip_prefix('\u{2402}')
                .and_then(|text| text.strip_suffix('\u{2403}'))
                .and_then(|at| at.parse::<usize>().ok())
                .and_then(|at| self.0.get(at));
            match figure {
                Some(figure) => {
                    html.push_str("<text data-source=\"");
                    html.push_str(&escape(&figure.source));
                    html.push_str("\" ");
                    html.push_str(attributes);
                    html.push('>');
                    html.push_str(&escape(&figure.text));
                }
                None => {
                    html.push_str("<text class=\"tick\" ");
                    html.push_str(attributes);
                    html.push('>');
                    html.push_str(content);
                }
            }
            html.push_str("</text>");
            html.push_str(after);
        }
        html
    }
}

/// Width of a text in SVG units: a CJK letter is one em, others a little over half.
fn text_width(text: &str) -> f64 {
    text.chars().map(|letter| if letter.is_ascii() { 7.4 } else { 13.0 }).sum()
}

/// Shortens a text that does not fit, with `…` at its end.
fn fit(mut figure: Figure, width: f64) -> Figure {
    if text_width(&figure.text) > width {
        let mut short = String::new();
        let mut used = 13.0;
        for letter in figure.text.chars() {
            used += if letter.is_ascii() { 7.4 } else { 13.0 };
            if used > width {
                break;
            }
            short.push(letter);
        }
        short.push('…');
        figure.text = short;
    }
    figure
}

fn style(color: RGBColor, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    ("sans-serif", TEXT).into_font().color(&color).pos(Pos::new(horizontal, vertical))
}

fn percent_tick(share: &f64) -> String {
    // Ticks are round numbers; `-0` would be drawn as one.
    let percent = share * 100.0;
    if percent.abs() < 1e-9 { "0%".to_owned() } else { format!("{}%", round_tick(percent)) }
}

fn round_tick(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn drawn(
    chart: &'static str,
    title: &str,
    height: u32,
    paint: impl FnOnce(&Area<'_>, &mut Labels) -> Drawn,
) -> Result<String, Error> {
    let mut svg = String::new();
    let mut labels = Labels::default();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        paint(&area, &mut labels)
            .and_then(|()| area.present())
            .map_err(|source| Error::Draw { chart, source: Box::new(source) })?;
    }
    Ok(labels.finish(&svg, title))
}

/// Draws bars.
///
/// # Errors
/// [`Error::Draw`]
pub(super) fn bars(spec: &Bars<'_>) -> Result<String, Error> {
    let rows = i32::try_from(spec.bars.len()).unwrap_or(i32::MAX);
    let height = u32::try_from(rows.saturating_mul(BAR).saturating_add(76)).unwrap_or(u32::MAX);
    drawn(spec.id, spec.title, height, |area, labels| paint_bars(spec, area, labels))
}

fn paint_bars(spec: &Bars<'_>, area: &Area<'_>, labels: &mut Labels) -> Drawn {
    let values = spec.bars.iter().flatten().flat_map(|bar| {
        bar.value.approximate().into_iter().chain(bar.mark.as_ref().and_then(Figure::approximate))
    });
    let limit = spec.limit.as_ref().and_then(Figure::approximate);
    let (low, high) = values
        .chain(limit)
        .fold((0.0f64, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    // Room for the figures at both ends of the bars.
    let pad = ((high - low) * 0.14).max(0.001);
    let low = if low < 0.0 { low - pad } else { 0.0 };
    let rows = spec.bars.len();
    #[expect(clippy::cast_precision_loss, reason = "a chart has a few dozen bars")]
    let end = rows as f64;
    let mut chart = ChartBuilder::on(area)
        .margin_top(26)
        .margin_right(12)
        .set_label_area_size(LabelAreaPosition::Left, NAMES)
        .set_label_area_size(LabelAreaPosition::Bottom, 48)
        .build_cartesian_2d(low..high + pad, end..0.0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_labels(8)
        .x_max_light_lines(0)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .x_label_formatter(&percent_tick)
        .label_style(style(INK, HPos::Center, VPos::Top))
        .axis_desc_style(style(INK, HPos::Center, VPos::Top))
        .x_desc(spec.axis)
        .draw()?;
    for (at, bar) in spec.bars.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a chart has a few dozen bars")]
        let top = at as f64;
        paint_bar(spec, bar.as_ref(), top, (&mut chart, area), labels)?;
    }
    chart.draw_series(LineSeries::new([(0.0, 0.0), (0.0, end)], INK.stroke_width(1)))?;
    if let Some((figure, value)) = spec.limit.as_ref().zip(limit) {
        chart.draw_series(DashedLineSeries::new(
            [(value, 0.0), (value, end)],
            6,
            4,
            LIMIT.stroke_width(2),
        ))?;
        let at = chart.backend_coord(&(value, 0.0));
        let label = labels.placeholder(figure.clone());
        let look = style(LIMIT, HPos::Center, VPos::Bottom);
        area.draw(&Text::new(label, (at.0, at.1 - 4), look))?;
    }
    Ok(())
}

type BarChart<'a> = Chart<'a, RangedCoordf64, RangedCoordf64>;

fn paint_bar<'a>(
    spec: &Bars<'_>,
    bar: Option<&Bar>,
    top: f64,
    (chart, area): (&mut BarChart<'a>, &Area<'a>),
    labels: &mut Labels,
) -> Drawn {
    let middle = chart.backend_coord(&(0.0, top + 0.5)).1;
    let name_style = style(INK, HPos::Right, VPos::Center);
    let Some(bar) = bar else {
        return area.draw(&Text::new("⋮".to_owned(), (NAMES - 10, middle), name_style));
    };
    let Some(value) = bar.value.approximate() else { return Ok(()) };
    let color = match (spec.signed, value < 0.0) {
        (false, _) => LIGHT,
        (true, false) => GAIN,
        (true, true) => LOSS,
    };
    let span = |value: f64| [(0.0, top + 0.16), (value, top + 0.84)];
    let mark = bar.mark.as_ref().and_then(Figure::approximate);
    if let Some(mark) = mark.filter(|_| spec.signed) {
        chart.draw_series([Rectangle::new(span(mark), color.stroke_width(1))])?;
    }
    chart.draw_series([Rectangle::new(span(value), color.filled())])?;
    if let Some(mark) = mark.filter(|_| !spec.signed) {
        let tick = [(mark, top + 0.04), (mark, top + 0.96)];
        chart.draw_series(LineSeries::new(tick, INK.stroke_width(2)))?;
    }
    let name = labels.placeholder(fit(bar.name.clone(), f64::from(NAMES - 14)));
    area.draw(&Text::new(name, (NAMES - 8, middle), name_style))?;
    // The figure stands outside the bar, and outside its mark where that reaches further.
    let reach = match mark {
        Some(mark) if value < 0.0 => value.min(mark),
        Some(mark) => value.max(mark),
        None => value,
    };
    let (gap, side) = if value < 0.0 { (-6, HPos::Right) } else { (6, HPos::Left) };
    let x = chart.backend_coord(&(reach, top)).0 + gap;
    let figure = labels.placeholder(bar.value.clone());
    area.draw(&Text::new(figure, (x, middle), style(INK, side, VPos::Center)))
}

/// Draws columns by month.
///
/// # Errors
/// [`Error::Draw`]
pub(super) fn months(spec: &Months<'_>) -> Result<String, Error> {
    drawn("months", spec.title, 320, |area, labels| paint_months(spec, area, labels))
}

fn paint_months(spec: &Months<'_>, area: &Area<'_>, labels: &mut Labels) -> Drawn {
    let units = |figure: &Figure| figure.approximate().unwrap_or(0.0) / spec.unit_yuan;
    let (low, high) = spec
        .months
        .iter()
        .flat_map(|(_, cost, booked)| [units(cost), units(booked)])
        .fold((0.0f64, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    #[expect(clippy::cast_precision_loss, reason = "a year has twelve months")]
    let end = spec.months.len() as f64;
    let mut chart = ChartBuilder::on(area)
        .margin_top(30)
        .margin_right(12)
        .set_label_area_size(LabelAreaPosition::Left, 78)
        .set_label_area_size(LabelAreaPosition::Bottom, 30)
        .build_cartesian_2d(0.0..end, low * 1.06..(high * 1.06).max(0.01))?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .y_labels(7)
        .y_max_light_lines(0)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .y_label_formatter(&|value| tick_thousands(*value))
        .label_style(style(INK, HPos::Right, VPos::Center))
        .draw()?;
    // Every label is drawn where twelve fit; of more months only each n-th.
    let every = spec.months.len().div_ceil(12).max(1);
    for (at, (month, cost, booked)) in spec.months.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a year has twelve months")]
        let left = at as f64;
        let column = |from: f64, to: f64, figure: &Figure, color: RGBColor| {
            Rectangle::new([(left + from, 0.0), (left + to, units(figure))], color.filled())
        };
        chart.draw_series([column(0.16, 0.48, cost, DARK), column(0.52, 0.84, booked, LIGHT)])?;
        if at % every == 0 {
            let (x, y) = chart.backend_coord(&(left + 0.5, low * 1.06));
            let label = labels.placeholder(month.clone());
            area.draw(&Text::new(label, (x, y + 8), style(INK, HPos::Center, VPos::Top)))?;
        }
    }
    chart.draw_series(LineSeries::new([(0.0, 0.0), (end, 0.0)], INK.stroke_width(1)))?;
    let unit = style(INK, HPos::Left, VPos::Top);
    area.draw(&Text::new(spec.unit.to_owned(), (8, 4), unit))
}

fn tick_thousands(value: f64) -> String {
    let text = round_tick(value);
    let (whole, rest) = text.find('.').map_or((text.as_str(), ""), |dot| text.split_at(dot));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

/// Draws a scatter with its diagonal.
///
/// # Errors
/// [`Error::Draw`]
pub(super) fn scatter(spec: &Scatter<'_>) -> Result<String, Error> {
    drawn("weights", spec.title, 520, |area, labels| paint_scatter(spec, area, labels))
}

/// Groups named in the scatter.
const NAMED: usize = 8;

fn paint_scatter(spec: &Scatter<'_>, area: &Area<'_>, labels: &mut Labels) -> Drawn {
    let points: Vec<(f64, f64, &Figure)> = spec
        .points
        .iter()
        .filter_map(|(name, x, y)| Some((x.approximate()?, y.approximate()?, name)))
        .collect();
    let (low, high) = points
        .iter()
        .flat_map(|(x, y, _)| [*x, *y])
        .fold((1.0f64, 1.0f64), |(low, high), value| (low.min(value), high.max(value)));
    let (low, high) = (low / 1.15, high * 1.15);
    let mut chart = ChartBuilder::on(area)
        .margin_top(34)
        .margin_right(24)
        .set_label_area_size(LabelAreaPosition::Left, 60)
        .set_label_area_size(LabelAreaPosition::Bottom, 58)
        .build_cartesian_2d((low..high).log_scale(), (low..high).log_scale())?;
    for tick in log_ticks(low, high) {
        for line in [[(tick, low), (tick, high)], [(low, tick), (high, tick)]] {
            chart.draw_series(LineSeries::new(line, GRID.stroke_width(1)))?;
        }
        let (x, bottom) = chart.backend_coord(&(tick, low));
        let (left, y) = chart.backend_coord(&(low, tick));
        let text = round_tick(tick);
        let below = style(INK, HPos::Center, VPos::Top);
        area.draw(&Text::new(text.clone(), (x, bottom + 6), below))?;
        let beside = style(INK, HPos::Right, VPos::Center);
        area.draw(&Text::new(text, (left - 8, y), beside))?;
    }
    let (right, bottom) = chart.backend_coord(&(high, low));
    let title = style(INK, HPos::Right, VPos::Top);
    area.draw(&Text::new(spec.x_axis.to_owned(), (right, bottom + 32), title))?;
    let title = style(INK, HPos::Left, VPos::Top);
    area.draw(&Text::new(spec.y_axis.to_owned(), (8, 6), title))?;
    chart.draw_series(LineSeries::new([(low, low), (high, high)], INK.stroke_width(1)))?;
    chart.draw_series(
        points.iter().map(|(x, y, _)| Circle::new((*x, *y), 3, DARK.mix(0.55).filled())),
    )?;
    let mut furthest: Vec<usize> = (0..points.len()).collect();
    let distance = |at: &usize| (points[*at].1 / points[*at].0).ln().abs();
    furthest.sort_by(|a, b| distance(b).total_cmp(&distance(a)).then(a.cmp(b)));
    let mut taken: Vec<[f64; 4]> = Vec::new();
    for at in furthest.into_iter().filter(|at| distance(at) > 0.0) {
        if taken.len() == NAMED {
            break;
        }
        let (x, y, name) = points[at];
        let name = fit(name.clone(), 220.0);
        let spot = chart.backend_coord(&(x, y));
        if let Some((left, box_)) = place_label(spot, text_width(&name.text), &taken) {
            taken.push(box_);
            let label = labels.placeholder(name);
            area.draw(&Text::new(label, (left, spot.1), style(INK, HPos::Left, VPos::Center)))?;
        }
    }
    Ok(())
}

/// Round numbers within a range, as many as stay legible.
fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    const STEPS: [&[f64]; 4] =
        [&[1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0], &[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
    let ticks = |steps: &[f64]| -> Vec<f64> {
        (-9..10)
            .flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)))
            .filter(|tick| (low..=high).contains(tick))
            .collect()
    };
    let choices = STEPS.map(ticks);
    choices.iter().find(|ticks| ticks.len() <= 10).unwrap_or(&choices[3]).clone()
}

/// Left end and box of a label right or left of its dot, clear of the labels already there.
fn place_label(spot: (i32, i32), width: f64, taken: &[[f64; 4]]) -> Option<(i32, [f64; 4])> {
    let (x, y) = (f64::from(spot.0), f64::from(spot.1));
    [x + 7.0, x - 7.0 - width].into_iter().find_map(|left| {
        let box_ = [left, y - 10.0, left + width, y + 10.0];
        let inside = left > 66.0 && box_[2] < f64::from(WIDTH) - 26.0;
        let clear = taken.iter().all(|other| {
            box_[2] < other[0] || other[2] < box_[0] || box_[3] < other[1] || other[3] < box_[1]
        });
        #[expect(clippy::cast_possible_truncation, reason = "within the chart's width")]
        (inside && clear).then_some((left as i32, box_))
    })
}
