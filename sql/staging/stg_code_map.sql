-- model:  stg_code_map
-- grain:  one row per row of code_map
-- inputs: code_map
-- params: none
-- checks: none
-- ref:    J11, E04
--
-- Local codes and the national ones they stand for, with the first and the last day in force.
select distinct
    coalesce(code_map.kind, '') as kind,
    coalesce(code_map.local_code, '') as local_code,
    coalesce(code_map.code, '') as code,
    to_char(code_map.valid_from, '%Y-%m-%d') as valid_from,
    to_char(code_map.valid_to, '%Y-%m-%d') as valid_to
from code_map
order by
    kind,
    local_code,
    code,
    valid_from,
    valid_to
