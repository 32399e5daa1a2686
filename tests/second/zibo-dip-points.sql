-- 淄博, second: auxiliary types (6.3) and points (R17, A37, A38) of the cases of the year, after
-- zibo-dip-groups.sql with {of_year} = {year} and `last_year` given as values. Files of the catalog:
-- file_auxiliary, file_coefficients, file_grass_roots, file_severity, file_cci.
tier_value as (
    select
        tier, cast(split_part(exact, '/', 1) as decimal(76, 0)) as k_over,
        cast(split_part(exact, '/', 2) as decimal(76, 0)) as k_under
    from file_coefficients
),
-- A37, R06: last year's means at the case's level, of the city, or those of the catalog; 4 places.
level_mean as (
    select group_code, level, cast(floor((cast(sum(fee) as decimal(38, 0)) * 200 + sum(cases)) / (2 * sum(cases))) as bigint) as mean
    from last_year where group_code <> '' group by group_code, level having sum(cases) >= 15
),
city_mean as (
    select group_code, cast(floor((cast(sum(fee) as decimal(38, 0)) * 200 + sum(cases)) / (2 * sum(cases))) as bigint) as mean
    from last_year where group_code <> '' group by group_code having sum(cases) >= 15
),
-- Auxiliary types of a case (6.3): what the diagnoses beside the main one say, age, intensive care.
other_code as (
    select distinct setl_id, diag_code from diagnosed where place > 1
),
graver as (
    select setl_id,
        max(case when level = 'metastasis' then 1 else 0 end) as metastasis,
        max(case when level = 'severe' then 1 else 0 end) as severe,
        max(case when level = 'moderate' then 1 else 0 end) as moderate
    from other_code join file_severity on starts_with(diag_code, code)
    group by setl_id
),
charlson as (
    select setl_id, sum(weight) as score
    from (
        select setl_id, category, max(cast(weight as int)) as weight
        from other_code join file_cci on starts_with(diag_code, code)
        group by setl_id, category
    ) highest
    group by setl_id
),
facts as (
    select
        grouped.setl_id, grouped.group_code, category between 'C00' and 'C97' as malignant,
        dscg_way = '5' as died, (ended - began) >= 3 as three_days,
        coalesce(metastasis, 0) as metastasis, coalesce(severe, 0) as severe,
        coalesce(moderate, 0) as moderate, coalesce(score, 0) as score,
        case when nwb_age is not null then cast(floor(nwb_age) as int) else cast(floor(age * 365) as int) end as age_days,
        coalesce(icu_days, 0) as icu_days, coalesce(asst_type, '') as given
    from grouped
    left join (
        select setl_id, max(dscg_way) as dscg_way, max(nwb_age) as nwb_age, max(age) as age,
            max(icu_days) as icu_days, max(asst_type) as asst_type
        from settlement group by setl_id
    ) stay_facts on stay_facts.setl_id = grouped.setl_id
    left join graver on graver.setl_id = grouped.setl_id
    left join charlson on charlson.setl_id = grouped.setl_id
    where grouped.group_code is not null
),
typed as (
    select setl_id, group_code, given,
        case
            when malignant and died then 'malignant_death'
            when malignant and three_days and metastasis = 1 then 'malignant_metastasis'
            when malignant and three_days and severe = 1 then 'malignant_failure'
            when malignant and three_days and moderate = 1 then 'malignant_infection'
            when malignant then 'malignant_other'
            when died then 'severity_death'
            when severe = 1 then 'severity_severe'
            when moderate = 1 then 'severity_moderate'
            else 'severity_mild'
        end as by_severity,
        case
            when age_days <= 28 then 'age_0-28d' when age_days < 365 then 'age_29d-1y'
            when age_days < 2555 then 'age_1-6' when age_days < 6570 then 'age_7-17'
            when age_days >= 23725 then 'age_65' else ''
        end as by_age,
        case
            when icu_days < 2 then '' when icu_days <= 7 then 'icu_2-7' when icu_days <= 14 then 'icu_8-14'
            when icu_days <= 30 then 'icu_15-30' else 'icu_31'
        end as by_care,
        case when score = 0 then 'cci_0' when score <= 2 then 'cci_1-2' when score <= 4 then 'cci_3-4'
            else 'cci_5' end as by_comorbidity
    from facts
),
factor as (
    select
        group_code, type, cast(split_part(exact, '/', 1) as decimal(76, 0)) as a_over,
        cast(split_part(exact, '/', 2) as decimal(76, 0)) as a_under
    from file_auxiliary where exact <> ''
),
factor_ranked as (
    select setl_id, a_over, a_under,
        row_number() over (
            partition by setl_id
            order by floor(a_over * cast(10000000000000000 as decimal(76, 0)) / a_under) desc
        ) as place
    from typed join factor on factor.group_code = typed.group_code
    where (given <> '' and strpos(';' || given || ';', ';' || factor.type || ';') > 0)
        or (given = '' and factor.type in (by_severity, by_age, by_care, by_comorbidity))
),
decided as (
    select distinct setl_id, kind, cast(round(value * 10000) as bigint) as value from special
),
known as (
    select
        grouped.setl_id, grouped.fixmedins_code, pool, month, fee, fund, decided.kind, decided.value,
        cast(base.mean as decimal(76, 0)) as base_mean, base_points, cast(fee as decimal(76, 0)) as fen,
        cast(coalesce(level_mean.mean, city_mean.mean, grouped.catalog_mean) as decimal(76, 0)) as mean,
        case when file_grass_roots.group_code is null then k_over else cast(1 as decimal(76, 0)) end as k_over,
        case when file_grass_roots.group_code is null then k_under else cast(1 as decimal(76, 0)) end as k_under,
        coalesce(a_over, cast(1 as decimal(76, 0))) as a_over, coalesce(a_under, cast(1 as decimal(76, 0))) as a_under
    from grouped
    cross join base
    left join tier_value on tier_value.tier = grouped.tier
    left join level_mean on level_mean.group_code = grouped.group_code and level_mean.level = grouped.level
    left join city_mean on city_mean.group_code = grouped.group_code
    left join file_grass_roots on file_grass_roots.group_code = grouped.group_code
    left join (select * from factor_ranked where place = 1) highest on highest.setl_id = grouped.setl_id
    left join decided on decided.setl_id = grouped.setl_id
),
-- Numerator and denominator of the points, before the only rounding (R17, A37, A38).
fraction as (
    select *,
        case
            when base_points is null then fen * 700000000                        -- 0.7 × fee ÷ M × 1000
            when fen * 200 < mean then base_points * fen * 100 * k_over          -- RW × r × k
            when fen * 100 > mean * 5 then base_points * 4 * k_over              -- as r = 5
            when fen * 100 > mean * 2 then base_points * (fen * 100 - mean) * k_over    -- RW × (r − 1) × k
            else base_points * a_over * k_over
        end as numerator,
        case
            when base_points is null then base_mean
            when fen * 200 < mean then mean * k_under
            when fen * 100 > mean * 5 then k_under
            when fen * 100 > mean * 2 then mean * k_under
            else a_under * k_under
        end as denominator
    from known
),
cased as (
    select
        setl_id, fixmedins_code, pool, month, fee, fund,
        case
            when kind = 'item' then 0
            when kind = 'points' then value
            when fee = 0 then 0
            else cast(floor((2 * numerator + denominator) / (2 * denominator)) as bigint)
                + case when kind = 'add' then value else 0 end
        end as points,
        case when kind = 'item' or (fee = 0 and kind is null) then fund else 0 end as as_booked
    from fraction
),
of_this_year as (
    select
        pool, fixmedins_code, month, count(*) as cases, sum(fee) as fee, sum(fund) as fund,
        sum(points) as points, sum(as_booked) as as_booked
    from cased group by pool, fixmedins_code, month
)
