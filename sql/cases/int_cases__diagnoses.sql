-- model:  int_cases__diagnoses
-- grain:  one row per settlement with a diagnosis
-- inputs: diagnosis
-- params: none
-- checks: unique(setl_key); not_null(main_diagnosis)
-- ref:    R33, R26
--
-- The main diagnosis of a settlement (maindiag_flag 1, else lowest diag_srt_no, then code) and the
-- others, each once, ascending bytewise and joined by `|`.
with

coded as (
    select
        id_key(diagnosis.setl_id) as setl_key,
        trim(diagnosis.diag_code) as code,
        case when diagnosis.maindiag_flag = '1' then 0 else 1 end as main_rank,
        diagnosis.diag_srt_no as srt_no
    from diagnosis
    where trim(diagnosis.diag_code) <> ''
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
    main.code as main_diagnosis,
    cast(
        coalesce(
            string_agg(distinct coded.code, '|' order by coded.code)
            filter (where coded.code <> main.code),
            ''
        ) as varchar
    ) as other_diagnoses
from main
inner join coded
    on main.setl_key = coded.setl_key
group by
    main.setl_key,
    main.code
