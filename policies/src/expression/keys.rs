//! The names of the claims that an expression makes, as far as its text tells: the keys of the maps that
//! it writes out. For lists that people and clients read, not for decisions.

use rhai::{AST, ASTNode, Dynamic, Expr, Map};
use std::collections::BTreeSet;

/// Keys of the maps that stand in no other map.
pub(super) fn of(ast: &AST) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    ast.walk(&mut |path: &[ASTNode]| {
        let Some((last, above)) = path.split_last() else { return true };
        if above.iter().any(|node| matches!(node, ASTNode::Expr(Expr::Map(..)))) {
            return true;
        }
        match last {
            ASTNode::Expr(Expr::Map(map, _)) => keys.extend(map.0.iter().map(|(key, _)| key.name.to_string())),
            // A map of nothing but constants is one.
            ASTNode::Expr(Expr::DynamicConstant(constant, _)) => keys.extend(constant_keys(constant)),
            _ => {}
        }
        true
    });
    keys
}

fn constant_keys(constant: &Dynamic) -> Vec<String> {
    let map = constant.read_lock::<Map>();
    map.map(|map| map.keys().map(ToString::to_string).collect()).unwrap_or_default()
}
