-- model:  int_cases__given_group
-- grain:  one row per settlement with a result of the external grouper
-- inputs: stg_group_result
-- params: none
-- checks: unique(setl_key)
-- ref:    R26, E18
--
-- The group an external grouper gave. Results that differ, one of them empty included, leave the
-- settlement ungrouped (R26) and say so; results that are all empty do not differ.
select
    stg_group_result.setl_key,
    case
        when
            min(stg_group_result.group_code) = max(stg_group_result.group_code)
            and count(*) = count(stg_group_result.group_code)
            then min(stg_group_result.group_code)
    end as group_code,
    coalesce(
        min(stg_group_result.group_code) <> max(stg_group_result.group_code)
        or (
            count(stg_group_result.group_code) > 0
            and count(stg_group_result.group_code) < count(*)
        ),
        false
    ) as is_differing
from stg_group_result
group by stg_group_result.setl_key
