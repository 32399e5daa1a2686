//! The policy's item rules as functions that SQL models can call.

use std::sync::Arc;

use crate::warehouse::arrow::array::{
    Array, ArrayRef, AsArray as _, BooleanArray, StringViewArray, StringViewBuilder,
};
use crate::warehouse::functions::{TextFunction, text_function};

use super::apg::{ItemClasses, LETTERS};

/// `item_class(med_list_codg, med_chrgitm_type)` → `O`, `M`, `A` or null.
pub(super) fn item_class(classes: Arc<ItemClasses>) -> TextFunction {
    text_function("item_class", 2, move |columns| {
        let items = columns[0].as_string_view();
        let charge_types = columns[1].as_string_view();
        let by_type = !classes.lists_items();
        let mut letters = StringViewBuilder::with_capacity(items.len());
        // Neighbouring lines often share a charge type: remember the last answer.
        let mut last: Option<(String, Option<usize>)> = None;
        for row in 0..items.len() {
            let charge_type = value(charge_types, row);
            let class = if by_type {
                match (&last, charge_type) {
                    (Some((known, class)), Some(code)) if known == code => *class,
                    _ => {
                        let class = classes.class(None, charge_type);
                        last = charge_type.map(|code| (code.to_owned(), class));
                        class
                    }
                }
            } else {
                classes.class(value(items, row), charge_type)
            };
            letters.append_option(class.map(|class| LETTER_TEXT[class]));
        }
        Arc::new(letters.finish()) as ArrayRef
    })
}

/// `item_important(med_list_codg, med_chrgitm_type)` → whether the line makes its class important.
pub(super) fn item_important(classes: Arc<ItemClasses>) -> TextFunction {
    text_function("item_important", 2, move |columns| {
        let items = columns[0].as_string_view();
        let charge_types = columns[1].as_string_view();
        let listed = classes.lists_important();
        let flags: BooleanArray = (0..items.len())
            .map(|row| {
                Some(listed && classes.important(value(items, row), value(charge_types, row)))
            })
            .collect();
        Arc::new(flags) as ArrayRef
    })
    .returning_bool()
}

const LETTER_TEXT: [&str; 3] = ["O", "M", "A"];
const _: () = assert!(LETTERS[0] == 'O' && LETTERS[1] == 'M' && LETTERS[2] == 'A');

fn value(column: &StringViewArray, row: usize) -> Option<&str> {
    (!column.is_null(row)).then(|| column.value(row))
}
