-- model:  int_cases__operations
-- grain:  one row per settlement with an operation
-- inputs: procedure
-- params: none
-- checks: unique(setl_key); not_null(main_operation)
-- ref:    R32, R26
--
-- The main operation of a settlement (oprn_oprt_type 1, lowest oprn_srt_no, then code) and the others,
-- called related, each once, ascending bytewise and joined by `|`.
with

coded as (
    select
        id_key(procedure.setl_id) as setl_key,
        trim(procedure.oprn_oprt_code) as code,
        case when procedure.oprn_oprt_type = '1' then 0 else 1 end as main_rank,
        procedure.oprn_srt_no as srt_no
    from procedure
    where trim(procedure.oprn_oprt_code) <> ''
),

main as (
    select
        coded.setl_key,
        first_value(
            coded.code order by coded.main_rank, coded.srt_no nulls last, coded.code
        ) as code
    from coded
    group by coded.setl_key
)

select
    main.setl_key,
    main.code as main_operation,
    cast(
        coalesce(
            string_agg(distinct coded.code, '|' order by coded.code)
            filter (where coded.code <> main.code),
            ''
        ) as varchar
    ) as other_operations
from main
inner join coded
    on main.setl_key = coded.setl_key
group by
    main.setl_key,
    main.code
