-- 烟台: standard × ratio, 0.4 / 2 lines, 24-hour cycles, clearing by drug days, control total, 10 % cap,
-- compensation of negotiated drugs, months (2.2–2.4, A09–A12, A16–A23, R11, R16, R21, R22, R24).
-- use netted
-- use letters

-- stage visit
in_scope as (
    select once.setl_id
    from once
    join institution on institution.fixmedins_code = once.fixmedins_code
    where once.insutype in ('310', '390') and once.med_type = '14' and once.dise_codg = 'N18'
        and once.pay_loc not in ('3', '4') and (once.insu_admdvs = '' or once.insu_admdvs like '3706%')
        and once.hi_paymtd <> '7' and institution.start_date <= once.setl_time
        and once.endtime >= timestamp '2022-12-01 00:00:00'
        and once.setl_time >= timestamp '2022-12-01 00:00:00'
),
judged as (
    select
        classed.*,
        case when upload_time is null or cast(upload_time as date) > cast(
            date_trunc('month', setl_time) + interval '2 months' - interval '1 day' as date
        ) then 1 else 0 end as late,
        case when own_lines = 0 or diagnosed.setl_id is null then 1 else 0 end as unusable
    from classed
    join in_scope on in_scope.setl_id = classed.setl_id
    left join (select distinct setl_id from diagnosis) diagnosed on diagnosed.setl_id = classed.setl_id
    where year = {year}
),
grouped as (
    select *,
        case when late + unusable > 0 then 'QY_N18' else letters || '_N18' end as group_code
    from judged
)
select
    setl_id, psn_no, fixmedins_code, group_code, begntime, month, fee, fund,
    m as drugs, negotiated, late, unusable
from grouped

-- stage prior
in_scope as (
    select once.setl_id
    from once
    join institution on institution.fixmedins_code = once.fixmedins_code
    where once.insutype in ('310', '390') and once.med_type = '14' and once.dise_codg = 'N18'
        and once.pay_loc not in ('3', '4') and (once.insu_admdvs = '' or once.insu_admdvs like '3706%')
        and once.hi_paymtd <> '7' and institution.start_date <= once.setl_time
        and once.endtime >= timestamp '2022-12-01 00:00:00'
        and once.setl_time >= timestamp '2022-12-01 00:00:00'
),
found_prior as (
    select first.fixmedins_code, sum(back.fund) as refund
    from back
    join once first on first.setl_id = back.init_setl_id
    join in_scope on in_scope.setl_id = first.setl_id
    where extract(year from back.setl_time) = {year} and extract(year from back.first_time) < {year}
    group by first.fixmedins_code
)
select fixmedins_code, refund from found_prior

-- stage cased
-- Anchored cycles: of each visit the first one 24 hours or more later, then the chain of openers.
numbered as (
    select *,
        row_number() over (
            partition by psn_no, fixmedins_code, group_code order by begntime, setl_id
        ) as n
    from visit
),
following as (
    select one.psn_no, one.fixmedins_code, one.group_code, one.n, min(other.n) as next_n
    from numbered one
    join numbered other on other.psn_no = one.psn_no and other.fixmedins_code = one.fixmedins_code
        and other.group_code = one.group_code
    where other.begntime >= one.begntime + interval '24 hours'
        or (one.group_code = 'O_N18' and other.n > one.n)
    group by one.psn_no, one.fixmedins_code, one.group_code, one.n
),
opener as (
    select psn_no, fixmedins_code, group_code, n from numbered where n = 1
    union all
    select following.psn_no, following.fixmedins_code, following.group_code, following.next_n
    from opener
    join following on following.psn_no = opener.psn_no
        and following.fixmedins_code = opener.fixmedins_code
        and following.group_code = opener.group_code and following.n = opener.n
),
member as (
    select numbered.*,
        max(opener.n) over (
            partition by numbered.psn_no, numbered.fixmedins_code, numbered.group_code
            order by numbered.n rows between unbounded preceding and current row
        ) as opened
    from numbered
    left join opener on opener.psn_no = numbered.psn_no
        and opener.fixmedins_code = numbered.fixmedins_code
        and opener.group_code = numbered.group_code and opener.n = numbered.n
),
merged as (
    select
        psn_no, fixmedins_code, group_code, opened,
        min(case when n = opened then setl_id end) as case_id, count(*) as settlements,
        max(month) as month, min(begntime) as begntime, sum(fee) as fee, sum(fund) as fund,
        max(late) as late, max(unusable) as unusable, sum(drugs) as drugs, sum(negotiated) as negotiated
    from member
    group by psn_no, fixmedins_code, group_code, opened
)
select
    psn_no, fixmedins_code, group_code, case_id, settlements, month, begntime,
    fee, fund, late, unusable, drugs, negotiated
from merged

-- stage decided
standard(group_code, price) as (
    values ('OMA_N18', 334400), ('MA_N18', 133300), ('OM_N18', 266600), ('OA_N18', 142200),
        ('M_N18', 94700), ('A_N18', 29100), ('O_N18', 41500), ('QY_N18', 29100)
),
judged as (
    select
        cased.*,
        case
            when fee = 0 then 'item'
            when late = 1 or unusable = 1 then 'standard'
            when fee * 10 <= price * 4 then 'item'
            when fee > price * 2 and settlements = 1 then 'item'
            else 'standard'
        end as pay,
        case when fee = 0 then 0 else cast(floor(
            (2 * cast(price as decimal(38, 0)) * fund + fee) / cast(2 * fee as decimal(38, 0))
        ) as bigint) end as by_standard
    from cased join standard on standard.group_code = cased.group_code
)
select
    psn_no, fixmedins_code, group_code, case_id, begntime, fee, fund, drugs, negotiated, pay, by_standard
from judged

-- stage own
-- Days from one drug visit of a person to the next, anywhere (A17).
chained as (
    select *,
        lead(cast(begntime as date)) over (
            partition by psn_no order by cast(begntime as date), case_id
        ) as next_day
    from decided where pay = 'standard' and group_code = 'M_N18'
),
gap as (
    select fixmedins_code, fee, fund, drugs,
        coalesce(cast(next_day as int) - cast(cast(begntime as date) as int), 0) as days
    from chained
),
daily as (
    select cast(sum(drugs) as decimal(38, 0)) as drugs, cast(sum(days) as decimal(38, 0)) as days from gap
),
day_base as (
    select fixmedins_code,
        cast(floor((2 * all_drugs * own_days * own_fund + all_days * own_fee)
            / (2 * all_days * own_fee)) as bigint) as base
    from (
        select fixmedins_code, max(daily.drugs) as all_drugs, max(daily.days) as all_days,
            cast(sum(gap.days) as decimal(38, 0)) as own_days,
            cast(sum(fund) as decimal(38, 0)) as own_fund, cast(sum(fee) as decimal(38, 0)) as own_fee
        from gap cross join daily group by fixmedins_code
    ) sums
),
summed as (
    select
        decided.fixmedins_code, count(*) as cases, sum(fee) as cost, sum(fund) as booked,
        sum(case when pay = 'item' then fund else 0 end) as item,
        sum(case when pay = 'standard' and ('{scenario}' = 'days-off' or group_code <> 'M_N18')
            then by_standard else 0 end)
            + case when '{scenario}' = 'days-off' then 0 else coalesce(max(base), 0) end as e,
        sum(case when pay = 'item' then fund else by_standard end) as advanced,
        -- Σ line fee × fund ÷ fee with twelve places, far from the middle of a fen in these cities.
        sum(case when fee = 0 then cast(0 as decimal(38, 12)) else
            cast(cast(negotiated as decimal(38, 0)) * fund * 1000000000000 / fee as decimal(38, 0)) end
        ) as negotiated_e12
    from decided
    left join day_base on day_base.fixmedins_code = decided.fixmedins_code
    group by decided.fixmedins_code
)
select * from summed

-- stage capped
total as (
    select
        sum(item) as item, cast(sum(e) as decimal(38, 0)) as e,
        (select cast(amount * 100 as bigint) from budget where year = {year} and item = 'control_total') as control,
        (select cast(amount * 100 as bigint) from budget where year = {year} and item = 'compensation_pool') as compensation
    from own
),
rescaled as (
    select own.*, total.control - total.item as money, total.e as whole, total.compensation,
        case when total.item + total.e > total.control then 1 else 0 end as overspent,
        cast(floor(cast(total.control - total.item as decimal(38, 0)) * own.e / total.e) as bigint) as part
    from own cross join total
),
placed as (
    select *,
        row_number() over (
            order by cast(money as decimal(38, 0)) * e - cast(part as decimal(38, 0)) * whole desc, fixmedins_code
        ) as place,
        sum(part) over () as parts
    from rescaled
),
cleared as (
    select *,
        item + case
            when overspent = 0 then e
            else part + case when place <= money - parts then 1 else 0 end
        end as entitlement
    from placed
),
held as (
    select *,
        case when entitlement > 0 and entitlement > floor(booked * 10 / 9)
            then cast(floor(cast(booked as decimal(38, 0)) * 10 / cast(9 as decimal(38, 0))) as bigint)
            else entitlement end as paid
    from cleared
)
select * from held

-- stage second
reasonable as (
    select *,
        greatest(least(booked - paid,
            cast(floor((negotiated_e12 + 500000000000) / 1000000000000) as bigint)), 0) as r
    from capped
),
helped as (
    select *, least(compensation, sum(r) over ()) as q, cast(sum(r) over () as decimal(38, 0)) as all_r
    from reasonable
),
help_part as (
    select *, cast(floor(cast(q as decimal(38, 0)) * r / all_r) as bigint) as help from helped
),
help_place as (
    select *,
        row_number() over (
            order by cast(q as decimal(38, 0)) * r - cast(help as decimal(38, 0)) * all_r desc, fixmedins_code
        ) as help_place,
        q - sum(help) over () as help_left
    from help_part
),
final as (
    select *, paid + help + case when help_place <= help_left then 1 else 0 end as at_end from help_place
),
whole as (
    select
        'all' as pool, coalesce(final.fixmedins_code, prior.fixmedins_code) as fixmedins_code,
        coalesce(cases, 0) as cases, coalesce(cost, 0) as cost, coalesce(booked, 0) as booked,
        0 as points, coalesce(at_end, 0) as paid, coalesce(advanced, 0) as advanced,
        coalesce(at_end, 0) - coalesce(advanced, 0) - coalesce(refund, 0) as balance
    from final
    full join prior on prior.fixmedins_code = final.fixmedins_code
)
select * from whole
