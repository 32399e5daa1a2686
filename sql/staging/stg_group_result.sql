-- model:  stg_group_result
-- grain:  one row per row of group_result of the scheme
-- inputs: group_result
-- params: $scheme
-- checks: not_null(setl_key, setl_id)
-- ref:    P09, E18
--
-- Results of an external grouper for one scheme; an empty code, that of a case it could not group,
-- becomes null.
select
    id_key(group_result.setl_id) as setl_key,
    group_result.setl_id,
    nullif(trim(group_result.group_code), '') as group_code
from group_result
where group_result.scheme = $scheme
