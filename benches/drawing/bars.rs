//! Bars from zero, each panel on a scale of its own, with the values written beside them.
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Area, Card, Drawn, OURS, RIVALS, TEXT, font};
use crate::support::contest::Spread;

/// One quantity of all contestants.
pub struct Panel {
    pub title: String,
    pub label: fn(f64) -> String,
    pub bars: Vec<Bar>,
}

pub struct Bar {
    pub name: &'static str,
    pub is_ours: bool,
    /// What was measured, or `None` for what it does not do.
    pub value: Option<Spread>,
}

/// Draws the values, and a whisker where they vary.
pub fn draw(card: &Card<'_>, panels: &[Panel]) -> Drawn {
    let most = panels.iter().map(|panel| panel.bars.len()).max().unwrap_or(0);
    card.draw(panels, 44 + ROW * most as u32, panel)
}

fn panel(area: &Area<'_>, panel: &Panel) -> Drawn {
    let rows = panel.bars.len() as f64;
    let values = panel.bars.iter().filter_map(|bar| bar.value);
    let longest = values.map(|value| value.high).fold(f64::MIN_POSITIVE, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(&panel.title, font(18))
        .y_label_area_size(NAMES)
        // For the value of the longest bar.
        .margin_right(76)
        .build_cartesian_2d(0.0..longest, rows..0.0)?;
    chart.configure_mesh().disable_mesh().disable_x_axis().y_labels(0).axis_style(TEXT).draw()?;
    for (bar, row) in panel.bars.iter().zip(0..) {
        let middle = f64::from(row) + 0.5;
        let value = bar.value.unwrap_or(Spread { low: 0.0, median: 0.0, high: 0.0 });
        let color = if bar.is_ours { OURS } else { RIVALS[2] };
        let corners = [(0.0, middle - 0.34), (value.median, middle + 0.34)];
        chart.draw_series([Rectangle::new(corners, color.filled())])?;
        if value.low < value.high {
            let corners = [(value.low, middle), (value.high, middle)];
            chart.draw_series([PathElement::new(corners, TEXT)])?;
            let end = |at| PathElement::new([(at, middle - 0.15), (at, middle + 0.15)], TEXT);
            chart.draw_series([end(value.low), end(value.high)])?;
        }
        let shown = bar.value.map_or("holds none".into(), |value| (panel.label)(value.median));
        for (text, x, shift, anchor) in
            [(shown, value.high, 6, HPos::Left), (bar.name.into(), 0.0, -6, HPos::Right)]
        {
            let style = font(16).pos(Pos::new(anchor, VPos::Center));
            let text = Text::new(text, (shift, 0), style);
            chart.draw_series([EmptyElement::at((x, middle)) + text])?;
        }
    }
    Ok(())
}

const NAMES: u32 = 184;
const ROW: u32 = 26;
