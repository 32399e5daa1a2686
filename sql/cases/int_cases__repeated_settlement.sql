-- model:  int_cases__repeated_settlement
-- grain:  one row per settlement id that stands more than once
-- inputs: repeated_id, rejected_elsewhere
-- params: none
-- checks: unique(setl_key)
-- ref:    A48, R25, R26
--
-- Same `setl_id` twice: identical rows (same digest over all columns) collapse to one, rows that
-- differ are all rejected. `rejected_elsewhere` holds ids that also belong to another person, whose
-- rows stand in another bucket.
with

rejected as (
    select id_key(rejected_elsewhere.setl_id) as setl_key
    from rejected_elsewhere
)

select
    repeated_id.setl_key,
    repeated_id.is_conflicting or rejected.setl_key is not null as is_conflicting
from repeated_id
left join rejected
    on repeated_id.setl_key = rejected.setl_key
union all
select
    rejected.setl_key,
    true as is_conflicting
from rejected
left anti join repeated_id
    on rejected.setl_key = repeated_id.setl_key
