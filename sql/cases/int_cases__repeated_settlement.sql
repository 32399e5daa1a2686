-- model:  int_cases__repeated_settlement
-- grain:  one row per setl_id that stands more than once
-- inputs: stg_settlement_key, rejected_elsewhere
-- params: none
-- checks: unique(setl_id)
-- ref:    A48, R25, R26
--
-- Same `setl_id` twice: identical rows (same digest over all columns) collapse to one, rows that
-- differ are all rejected. `rejected_elsewhere` holds ids that also belong to another person, whose
-- rows stand in another bucket.
with

repeated as (
    select
        stg_settlement_key.setl_id,
        min(stg_settlement_key.row_digest) <> max(stg_settlement_key.row_digest) as is_conflicting
    from stg_settlement_key
    group by stg_settlement_key.setl_id
    having count(*) > 1
)

select
    repeated.setl_id,
    repeated.is_conflicting or rejected_elsewhere.setl_id is not null as is_conflicting
from repeated
left join rejected_elsewhere
    on repeated.setl_id = rejected_elsewhere.setl_id
union all
select
    rejected_elsewhere.setl_id,
    true as is_conflicting
from rejected_elsewhere
left anti join repeated
    on rejected_elsewhere.setl_id = repeated.setl_id
