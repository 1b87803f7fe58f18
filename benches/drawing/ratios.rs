//! How many times the cost of ours a rival costs, with a line at 1.
use plotters::coord::combinators::LogCoord;
use plotters::prelude::*;

use super::{Area, CARD, Card, Drawn, GRID, OURS, RIVALS, TEXT, font};
use crate::support::contest::Spread;

/// What is measured at each of some labels.
pub struct Panel {
    pub title: String,
    /// What the labels are.
    pub x: &'static str,
    pub labels: Vec<String>,
    pub ours: &'static str,
    pub rivals: Vec<Rival>,
}

pub struct Rival {
    pub name: String,
    /// A ratio to ours for each of the labels.
    pub ratios: Vec<Spread>,
}

/// Draws medians and quartiles.
pub fn draw(card: &Card<'_>, panels: &[Panel]) -> Drawn {
    card.draw(panels, HEIGHT, panel)
}

fn panel(area: &Area<'_>, panel: &Panel) -> Drawn {
    let count = panel.labels.len() as i32;
    let all = || panel.rivals.iter().flat_map(|rival| &rival.ratios);
    let lowest = all().map(|ratio| ratio.low).fold(0.95, f64::min);
    let highest = all().map(|ratio| ratio.high).fold(1.3, f64::max);
    let margin = (highest / lowest).powf(0.08);
    let (from, highest) = (lowest / margin, highest * margin);
    // Above the points there is room for the names, of which each takes a line.
    let legend = f64::from(LINE * (panel.rivals.len() as u32 + 1)) / f64::from(HEIGHT - 100);
    let to = highest * (highest / from).powf(legend / (1.0 - legend));
    let (left, right) = (-STEP / 2, count * STEP - STEP / 2);
    let x = (left..right).with_key_points((0..count).map(|at| at * STEP).collect());
    let y: LogCoord<f64> = (from..to).log_scale().into();
    let y = y.with_key_points(ticks(from, highest)).with_light_points([]);

    let mut chart = ChartBuilder::on(area)
        .caption(&panel.title, font(18))
        .x_label_area_size(52)
        .y_label_area_size(84)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .x_desc(panel.x)
        .y_desc("times our cost")
        .x_label_formatter(&|at| panel.labels[(at / STEP) as usize].clone())
        .y_label_formatter(&|ratio| number(*ratio))
        .x_labels(panel.labels.len())
        .disable_x_mesh()
        .light_line_style(CARD)
        .bold_line_style(GRID)
        .axis_style(TEXT)
        .label_style(font(16))
        .axis_desc_style(font(16))
        .draw()?;

    chart
        .draw_series(LineSeries::new([(left, 1.0), (right, 1.0)], OURS.stroke_width(3)))?
        .label(format!("{} = 1; above it, ours costs less", panel.ours))
        .legend(|(x, y)| PathElement::new([(x, y), (x + 24, y)], OURS.stroke_width(3)));
    // Beside each other, so that none hides another.
    let shifts = (1 - panel.rivals.len() as i32..).step_by(2).map(|halves| halves * STEP / 12);
    for ((rival, color), shift) in panel.rivals.iter().zip(RIVALS).zip(shifts) {
        let points = || rival.ratios.iter().zip(0..).map(|(y, at)| (at * STEP + shift, y));
        chart.draw_series(LineSeries::new(points().map(|(x, y)| (x, y.median)), color))?;
        chart
            .draw_series(points().map(|(x, y)| {
                ErrorBar::new_vertical(x, y.low, y.median, y.high, color.filled(), 8)
            }))?
            .label(&rival.name)
            .legend(move |(x, y)| {
                EmptyElement::at((x, y))
                    + PathElement::new([(0, 0), (24, 0)], color)
                    + Circle::new((12, 0), 4, color.filled())
            });
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .margin(4)
        .legend_area_size(32)
        .label_font(font(16))
        .background_style(CARD)
        .draw()?;
    Ok(())
}

/// Returns the ticks of an axis.
fn ticks(from: f64, to: f64) -> Vec<f64> {
    let steps: &[f64] = match to / from {
        ..4.0 => &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
        ..20.0 => &[1.0, 2.0, 3.0, 5.0],
        ..200.0 => &[1.0, 2.0, 5.0],
        _ => &[1.0],
    };
    let all = (-2..8).flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)));
    all.filter(|tick| (from..=to).contains(tick)).collect()
}

/// Writes a ratio without needless digits, groups of three apart.
pub fn number(ratio: f64) -> String {
    let whole = ratio.round() as u64;
    match whole {
        1000.. => format!("{} {:03}", number((whole / 1000) as f64), whole % 1000),
        10.. => whole.to_string(),
        _ => format!("{}", (ratio * 100.0).round() / 100.0),
    }
}

/// From one label to the next.
const STEP: i32 = 120;
const HEIGHT: u32 = 340;
/// Height of a line in the legend.
const LINE: u32 = 21;
