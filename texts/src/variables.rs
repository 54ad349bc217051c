//! Which variables a text has. Also part of the build script.

use fluent_syntax::ast::{Expression, InlineExpression, Pattern, PatternElement};
use std::collections::BTreeSet;

/// The names of the variables, in alphabetical order.
pub(crate) fn of<'p>(pattern: &Pattern<&'p str>) -> BTreeSet<&'p str> {
    let mut found = BTreeSet::new();
    collect(pattern, &mut found);
    found
}

fn collect<'p>(pattern: &Pattern<&'p str>, found: &mut BTreeSet<&'p str>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            in_expression(expression, found);
        }
    }
}

fn in_expression<'p>(expression: &Expression<&'p str>, found: &mut BTreeSet<&'p str>) {
    match expression {
        Expression::Inline(inline) => in_inline(inline, found),
        Expression::Select { selector, variants } => {
            in_inline(selector, found);
            variants.iter().for_each(|variant| collect(&variant.value, found));
        }
    }
}

fn in_inline<'p>(inline: &InlineExpression<&'p str>, found: &mut BTreeSet<&'p str>) {
    match inline {
        InlineExpression::VariableReference { id } => _ = found.insert(id.name),
        InlineExpression::Placeable { expression } => in_expression(expression, found),
        _ => {}
    }
}
