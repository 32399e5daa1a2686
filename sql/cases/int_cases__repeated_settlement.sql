-- model:  int_cases__repeated_settlement
-- grain:  one row per settlement id that stands more than once
-- inputs: stg_settlement_key, rejected_elsewhere
-- params: none
-- checks: unique(setl_key)
-- ref:    A48, R25, R26
--
-- Same `setl_id` twice: identical rows (same digest over all columns) collapse to one, rows that
-- differ are all rejected. `rejected_elsewhere` holds ids that also belong to another person, whose
-- rows stand in another bucket.
with

repeated as (
    select
        stg_settlement_key.setl_key,
        min(stg_settlement_key.row_digest) <> max(stg_settlement_key.row_digest) as is_conflicting
    from stg_settlement_key
    group by stg_settlement_key.setl_key
    having count(*) > 1
),

rejected as (
    select id_key(rejected_elsewhere.setl_id) as setl_key
    from rejected_elsewhere
)

select
    repeated.setl_key,
    repeated.is_conflicting or rejected.setl_key is not null as is_conflicting
from repeated
left join rejected
    on repeated.setl_key = rejected.setl_key
union all
select
    rejected.setl_key,
    true as is_conflicting
from rejected
left anti join repeated
    on rejected.setl_key = repeated.setl_key
