//! One set of cases from those of all buckets, each of which is in the order of its ids already.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::num::NonZeroUsize;

use super::rows::Part;
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::texts::Texts;
use crate::threads::side_by_side;

/// The part that each row comes from: in the order of their ids where cases have some, else one part after
/// the other. An id belongs to one part, whose rows stay in their order.
pub(super) fn order(parts: &[Part], threads: NonZeroUsize) -> Vec<u16> {
    let mut order = Vec::with_capacity(parts.iter().map(|part| part.cases.len()).sum());
    if parts.iter().all(|part| part.cases.case_id.is_empty()) {
        for (number, part) in (0..).zip(parts) {
            order.extend(std::iter::repeat_n(number, part.cases.len()));
        }
        return order;
    }
    let ids: Vec<&Texts> = parts.iter().map(|part| &part.cases.case_id).collect();
    let cuts = cuts(&ids, threads.get());
    let pieces: Vec<_> = cuts.windows(2).map(|ends| (&ends[0], &ends[1])).collect();
    for piece in side_by_side(pieces, threads, |(starts, ends)| merged(&ids, starts, ends)) {
        order.extend(piece);
    }
    order
}

/// Where each part is cut, first at its start and last at its end, so that ids between two cuts stand in
/// the same piece in every part.
fn cuts(parts: &[&Texts], pieces: usize) -> Vec<Vec<usize>> {
    let mut cuts = vec![vec![0; parts.len()]];
    if let Some(longest) = parts.iter().max_by_key(|ids| ids.len()) {
        for piece in 1..pieces {
            let by = &longest[longest.len() / pieces * piece];
            cuts.push(parts.iter().map(|ids| first_from(ids, by)).collect());
        }
    }
    cuts.push(parts.iter().map(|ids| ids.len()).collect());
    cuts
}

/// The first place whose id is not below this one.
fn first_from(ids: &Texts, id: &str) -> usize {
    let (mut from, mut to) = (0, ids.len());
    while from < to {
        let middle = from.midpoint(to);
        if &ids[middle] < id {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    from
}

/// The part that each row between these places comes from.
fn merged(parts: &[&Texts], starts: &[usize], ends: &[usize]) -> Vec<u16> {
    let id = |part: u16, row: usize| {
        let at = usize::from(part);
        (row < ends[at]).then(|| Reverse((&parts[at][row], part, row)))
    };
    let mut order = Vec::with_capacity(ends.iter().sum::<usize>() - starts.iter().sum::<usize>());
    let mut next: BinaryHeap<_> =
        (0..).zip(starts).filter_map(|(part, start)| id(part, *start)).collect();
    while let Some(mut first) = next.peek_mut() {
        let Reverse((_, part, row)) = *first;
        order.push(part);
        match id(part, row + 1) {
            Some(following) => *first = following,
            None => drop(PeekMut::pop(first)),
        }
    }
    order
}

/// A column of all parts in this order; one that was not asked for is empty and stays so. The parts give
/// theirs up, so that no more than one column is in memory twice.
pub(super) fn column<T>(
    order: &[u16],
    parts: &mut [Part],
    of: impl Fn(&mut Part) -> &mut Vec<T>,
) -> Vec<T> {
    let mut rows: Vec<_> =
        parts.iter_mut().map(|part| std::mem::take(of(part)).into_iter()).collect();
    if rows.iter().all(|rows| rows.len() == 0) {
        return Vec::new();
    }
    let mut merged = Vec::with_capacity(order.len());
    merged.extend(order.iter().filter_map(|part| rows[usize::from(*part)].next()));
    merged
}

/// The cases of all parts in this order, dictionaries sorted.
pub(super) fn cases(order: &[u16], parts: &mut [Part], threads: NonZeroUsize) -> Cases {
    let mut all = dictionaries(parts);
    let ids: Vec<Texts> =
        parts.iter_mut().map(|part| std::mem::take(&mut part.cases.case_id)).collect();
    let mut case_id = Texts::default();
    let mut merge_ids = || case_id = texts(order, &ids);
    if threads.get() == 1 {
        merge_ids();
        columns(&mut all, order, parts);
    } else {
        // Ids take about as long as all that is beside them.
        std::thread::scope(|scope| {
            scope.spawn(&mut merge_ids);
            columns(&mut all, order, parts);
        });
    }
    all.case_id = case_id;
    all
}

fn texts(order: &[u16], parts: &[Texts]) -> Texts {
    let mut rows: Vec<_> = parts.iter().map(Texts::iter).collect();
    let mut merged = Texts::default();
    if parts.iter().any(|part| !part.is_empty()) {
        merged.reserve(parts.iter());
        for part in order {
            merged.push_entry(rows[usize::from(*part)].next().flatten());
        }
    }
    merged
}

fn columns(into: &mut Cases, order: &[u16], parts: &mut [Part]) {
    into.institution = column(order, parts, |part| &mut part.cases.institution);
    into.group = column(order, parts, |part| &mut part.cases.group);
    into.insutype = column(order, parts, |part| &mut part.cases.insutype);
    into.year = column(order, parts, |part| &mut part.cases.year);
    into.month = column(order, parts, |part| &mut part.cases.month);
    into.fee_fen = column(order, parts, |part| &mut part.cases.fee_fen);
    into.inscope_fen = column(order, parts, |part| &mut part.cases.inscope_fen);
    into.fund_fen = column(order, parts, |part| &mut part.cases.fund_fen);
    into.flags = column(order, parts, |part| &mut part.cases.flags);
    into.cost_fen = column(order, parts, |part| &mut part.cases.cost_fen);
    into.auxiliary = column(order, parts, |part| &mut part.cases.auxiliary);
    into.unit_days = column(order, parts, |part| &mut part.cases.unit_days);
    into.discipline = column(order, parts, |part| &mut part.cases.discipline);
    into.part = column(order, parts, |part| &mut part.cases.part);
    into.person = column(order, parts, |part| &mut part.cases.person);
    into.begin_day = column(order, parts, |part| &mut part.cases.begin_day);
    into.prd_days = column(order, parts, |part| &mut part.cases.prd_days);
    into.drug_fen = column(order, parts, |part| &mut part.cases.drug_fen);
    into.negotiated_fen = column(order, parts, |part| &mut part.cases.negotiated_fen);
    into.carved_fen = column(order, parts, |part| &mut part.cases.carved_fen);
    into.self_paid_fen = column(order, parts, |part| &mut part.cases.self_paid_fen);
}

/// The names that all parts know, ascending; the parts number by them afterwards.
fn dictionaries(parts: &mut [Part]) -> Cases {
    let all = Cases {
        institutions: names(parts, |part| &part.cases.institutions),
        groups: names(parts, |part| &part.cases.groups),
        insutypes: names(parts, |part| &part.cases.insutypes),
        auxiliaries: names(parts, |part| &part.cases.auxiliaries),
        disciplines: names(parts, |part| &part.cases.disciplines),
        ..Cases::default()
    };
    let persons = names(parts, |part| &part.persons);
    for part in parts {
        let known = positions(&part.persons, &persons);
        let cases = &mut part.cases;
        renumber(&mut cases.person, &known);
        renumber(&mut cases.institution, &positions(&cases.institutions, &all.institutions));
        renumber(&mut cases.group, &positions(&cases.groups, &all.groups));
        renumber(&mut cases.auxiliary, &positions(&cases.auxiliaries, &all.auxiliaries));
        let known = positions(&cases.insutypes, &all.insutypes);
        for id in &mut cases.insutype {
            *id = u8::try_from(known[usize::from(*id)]).unwrap_or(u8::MAX);
        }
        let known = positions(&cases.disciplines, &all.disciplines);
        for id in &mut cases.discipline {
            *id = u16::try_from(known[usize::from(*id)]).unwrap_or(u16::MAX);
        }
    }
    all
}

fn names(parts: &[Part], of: fn(&Part) -> &Vec<String>) -> Vec<String> {
    let mut all: Vec<&String> = parts.iter().flat_map(of).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter().cloned().collect()
}

/// Numbers the groups of a bucket in the order of their names, as all buckets together do.
pub(super) fn number_groups_by_name(cases: &mut Cases) {
    let mut sorted = cases.groups.clone();
    sorted.sort_unstable();
    renumber(&mut cases.group, &positions(&cases.groups, &sorted));
    cases.groups = sorted;
}

/// The place of each name among those known, ascending.
fn positions(names: &[String], known: &[String]) -> Vec<u32> {
    let place = |name: &String| known.binary_search(name).unwrap_or_default();
    names.iter().map(|name| u32::try_from(place(name)).unwrap_or(UNGROUPED)).collect()
}

/// Numbers become what is known of them; the ungrouped stay so.
fn renumber(column: &mut [u32], known: &[u32]) {
    for id in column.iter_mut().filter(|id| **id != UNGROUPED) {
        *id = known[*id as usize];
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use proptest::prelude::*;

    use super::{cases, number_groups_by_name, order};
    use crate::grouping::rows::Part;
    use crate::settlement::cases::{Cases, UNGROUPED};
    use crate::texts::Texts;

    /// A case: id, group (none: ungrouped), fee.
    type Given = (String, Option<usize>, i64);

    const GROUPS: [&str; 3] = ["B", "C", "A"];

    /// A bucket that has met the groups in the order of its cases.
    fn bucket(given: &[Given], with_ids: bool) -> Part {
        let mut cases = Cases::default();
        for (id, group, fee_fen) in given {
            let number = group.map_or(UNGROUPED, |group| {
                let known = cases.groups.iter().position(|name| name == GROUPS[group]);
                let number = known.unwrap_or_else(|| {
                    cases.groups.push(GROUPS[group].to_owned());
                    cases.groups.len() - 1
                });
                u32::try_from(number).unwrap()
            });
            cases.group.push(number);
            cases.fee_fen.push(*fee_fen);
            if with_ids {
                cases.case_id.push(id);
            }
        }
        if with_ids {
            number_groups_by_name(&mut cases);
            cases.sort_by_id();
        }
        Part { cases, ..Part::default() }
    }

    fn merged(buckets: &[Vec<Given>], with_ids: bool, threads: usize) -> Cases {
        let mut parts: Vec<Part> = buckets.iter().map(|given| bucket(given, with_ids)).collect();
        let threads = NonZeroUsize::new(threads).unwrap();
        let order = order(&parts, threads);
        cases(&order, &mut parts, threads)
    }

    fn rows(cases: &Cases) -> Vec<(Option<&str>, Option<&str>, i64)> {
        let name = |group: &u32| cases.groups.get(*group as usize).map(String::as_str);
        let row = |at: usize| (cases.case_id.get(at), name(&cases.group[at]), cases.fee_fen[at]);
        (0..cases.len()).map(row).collect()
    }

    proptest! {
        // Ids of a bucket are its own; rows of one case (A15) have groups of their own.
        #[test]
        fn buckets_are_merged_as_all_cases_together_are_sorted(
            picks in prop::collection::btree_map((0..20u8, 0..3usize), any::<i16>(), 0..40)
        ) {
            let mut buckets = vec![Vec::new(); 5];
            let mut expected = Vec::new();
            for ((id, group), fee) in &picks {
                let bucket = usize::from(*id) % 5;
                let group = (*group > 0).then_some(*group);
                let given: Given = (format!("S{id}"), group, i64::from(*fee));
                expected.push(given.clone());
                buckets[bucket].insert(0, given);
            }
            let name = |group: &Option<usize>| group.map(|group| GROUPS[group]);
            // The ungrouped come last.
            expected.sort_by_key(|(id, group, _)| (id.clone(), group.is_none(), name(group)));
            for threads in [1, 2, 3, 7] {
                let all = merged(&buckets, true, threads);
                let all = rows(&all);
                let expected: Vec<_> = expected
                    .iter()
                    .map(|(id, group, fee)| (Some(id.as_str()), name(group), *fee))
                    .collect();
                prop_assert_eq!(&all, &expected);
            }
        }
    }

    #[test]
    fn without_ids_buckets_follow_each_other() {
        let given = |id: &str, group, fee| (id.to_owned(), Some(group), fee);
        let buckets =
            [vec![given("z", 1, 1), given("a", 0, 2)], Vec::new(), vec![given("m", 2, 3)]];
        let all = merged(&buckets, false, 2);
        assert_eq!(all.groups, ["A", "B", "C"]);
        assert_eq!(rows(&all), [(None, Some("C"), 1), (None, Some("B"), 2), (None, Some("A"), 3)]);
        assert_eq!(all.case_id, Texts::default());
    }
}
