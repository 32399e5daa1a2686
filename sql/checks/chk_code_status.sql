-- model:  chk_code_status
-- grain:  one row per column, code and the national code it stands for
-- inputs: chk_code_row, code_system, code_target
-- params: none
-- checks: unique(column_name, code, national_code); accepted(status)
-- ref:    J11, E04
--
-- Whether a code is `mapped` to another one, `national` (a target of the map, or in the shape of the
-- national system) or `unmapped`; and the system an unmapped one is recognised as.
with

written as (
    select distinct
        chk_code_row.column_name,
        chk_code_row.code,
        chk_code_row.national_code
    from chk_code_row
),

recognised as (
    select
        written.column_name,
        written.code,
        written.national_code,
        bool_or(coalesce(code_system.is_national, false)) as is_national,
        min(case when not code_system.is_national then code_system.system end) as other_system
    from written
    left join code_system
        on
            written.column_name = code_system.column_name
            and regexp_like(written.code, code_system.pattern)
    group by
        written.column_name,
        written.code,
        written.national_code
),

judged as (
    select
        recognised.column_name,
        recognised.code,
        recognised.national_code,
        case
            when recognised.national_code <> recognised.code then 'mapped'
            when code_target.code is not null or recognised.is_national then 'national'
            else 'unmapped'
        end as status,
        recognised.other_system
    from recognised
    left join code_target
        on
            recognised.column_name = code_target.column_name
            and recognised.code = code_target.code
)

select
    judged.column_name,
    judged.code,
    judged.national_code,
    judged.status,
    case when judged.status = 'unmapped' then judged.other_system end as other_system
from judged
