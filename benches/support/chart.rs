//! Draws on a light card of its own, which is legible on a dark page, too.
#![allow(unreachable_pub)]

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

pub type Drawn = Result<(), Box<dyn Error>>;

/// A logarithmic axis.
pub struct Axis {
    pub title: &'static str,
    pub from: f64,
    pub to: f64,
    /// Each label stands for so many times the one before it.
    pub base: f64,
    pub label: fn(f64) -> String,
}

/// A line with its points.
pub struct Series {
    pub name: &'static str,
    pub points: Vec<(f64, f64)>,
}

/// Bars under a heading: a name and a value each.
pub struct Group {
    pub title: String,
    pub bars: Vec<(&'static str, f64)>,
}

/// Draws lines on two logarithmic axes, ours first.
pub fn lines(path: &Path, title: &str, x: &Axis, y: &Axis, all: &[Series]) -> Drawn {
    let card = card(path, title, 460)?;
    let mut chart = ChartBuilder::on(&card)
        .margin(MARGIN)
        .margin_right(44)
        .x_label_area_size(56)
        .y_label_area_size(80)
        .build_cartesian_2d(
            (x.from..x.to).log_scale().base(x.base),
            (y.from..y.to).log_scale().base(y.base),
        )?;
    chart
        .configure_mesh()
        .x_desc(x.title)
        .y_desc(y.title)
        .x_label_formatter(&|value| (x.label)(*value))
        .y_label_formatter(&|value| (y.label)(*value))
        .x_labels(12)
        .y_labels(12)
        .light_line_style(CARD)
        .bold_line_style(GRID)
        .axis_style(TEXT)
        .label_style(font(14))
        .axis_desc_style(font(15))
        .draw()?;
    // Ours last, on top of the others.
    for ((series, color), width) in all.iter().zip(COLORS).zip(WIDTHS).rev() {
        let style = color.stroke_width(width).filled();
        let points = series.points.iter().copied();
        chart
            .draw_series(LineSeries::new(points, style).point_size(width + 1))?
            .label(series.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 24, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .margin(12)
        .legend_area_size(36)
        .label_font(font(15))
        .background_style(CARD)
        .border_style(GRID)
        .draw()?;
    card.present()?;
    Ok(())
}

/// Draws groups of bars on a logarithmic axis. A bar of nothing is only named.
pub fn bars(path: &Path, title: &str, x: &Axis, groups: &[Group]) -> Drawn {
    let rows: usize = groups.iter().map(|group| group.bars.len() + 1).sum();
    let card = card(path, title, 120 + 26 * rows as u32)?;
    let mut chart = ChartBuilder::on(&card)
        .margin(MARGIN)
        .margin_right(64)
        .x_label_area_size(56)
        .y_label_area_size(190)
        .build_cartesian_2d((x.from..x.to).log_scale().base(x.base), rows as f64..0.0)?;
    chart
        .configure_mesh()
        .x_desc(x.title)
        .x_label_formatter(&|value| (x.label)(*value))
        .x_labels(12)
        .disable_y_mesh()
        .y_labels(0)
        .light_line_style(CARD)
        .bold_line_style(GRID)
        .axis_style(TEXT)
        .label_style(font(14))
        .axis_desc_style(font(15))
        .draw()?;
    let mut row = 0.0;
    for group in groups {
        let heading = chart.backend_coord(&(x.from, row + 0.6));
        draw_text(&card, &group.title, heading, (-182, HPos::Left))?;
        row += 1.0;
        for ((name, value), color) in group.bars.iter().zip(COLORS) {
            let end = value.max(x.from);
            let corners = [(x.from, row + 0.15), (end, row + 0.85)];
            chart.draw_series([Rectangle::new(corners, color.filled())])?;
            draw_text(&card, name, chart.backend_coord(&(x.from, row + 0.5)), (-8, HPos::Right))?;
            let shown = if *value == 0.0 { "0".into() } else { (x.label)(*value) };
            draw_text(&card, &shown, chart.backend_coord(&(end, row + 0.5)), (8, HPos::Left))?;
            row += 1.0;
        }
    }
    card.present()?;
    Ok(())
}

type Card<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn card<'a>(path: &'a Path, title: &str, height: u32) -> Result<Card<'a>, Box<dyn Error>> {
    let card = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    card.fill(&CARD)?;
    let card = card.margin(10, 0, 0, 0);
    Ok(card.titled(title, font(19))?)
}

fn draw_text(
    card: &Card<'_>,
    text: &str,
    (x, y): (i32, i32),
    (shift, anchor): (i32, HPos),
) -> Drawn {
    // The title is above the area whose pixels are counted.
    let top = card.get_pixel_range().1.start;
    let style = font(14).pos(Pos::new(anchor, VPos::Center));
    card.draw(&Text::new(text, (x + shift, y - top), style))?;
    Ok(())
}

fn font(size: u32) -> TextStyle<'static> {
    ("sans-serif", size, &TEXT).into_text_style(&(WIDTH, WIDTH))
}

const WIDTH: u32 = 760;
/// So that the same line of two contestants shows both.
const WIDTHS: [u32; 4] = [3, 3, 7, 3];
const MARGIN: u32 = 14;
const CARD: RGBColor = RGBColor(250, 250, 248);
const GRID: RGBColor = RGBColor(218, 218, 214);
const TEXT: RGBColor = RGBColor(38, 38, 42);
/// Told apart by who does not see all colours, too.
const COLORS: [RGBColor; 4] =
    [RGBColor(0, 90, 181), RGBColor(220, 50, 32), RGBColor(150, 110, 0), RGBColor(110, 110, 118)];
