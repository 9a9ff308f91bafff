-- sums
WITH "first_exposures" AS (
  SELECT
    "t11"."unit",
    MIN("t11"."at") AS "first_at",
    MIN("t11"."variant") AS "variant",
    MAX("t11"."variant") AS "other_variant",
    MAX("t11"."times") AS "times",
    MAX(
      IF(
        (
          "t11"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        )
        AND (
          "t11"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        ),
        1,
        0
      )
    ) AS "in_day0",
    MAX(
      IF(
        (
          "t11"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        )
        AND (
          "t11"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        ),
        1,
        0
      )
    ) AS "in_day1",
    MAX(
      IF(
        (
          "t11"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        )
        AND (
          "t11"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        ),
        1,
        0
      )
    ) AS "in_day2"
  FROM (
    SELECT
      "t8"."unit",
      "t8"."variant",
      "t8"."at",
      COUNT(*) AS "times"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t3"."unit",
          "t3"."experiment",
          "t3"."variant",
          "t3"."at",
          "t3"."segment_new_users",
          "t3"."segment_device"
        FROM (
          SELECT
            "t1"."user_id" AS "unit",
            "t1"."experiment",
            "t1"."variant",
            "t1"."served_at" AS "at",
            "t1"."is_new" AS "segment_new_users",
            "t1"."device" AS "segment_device",
            "t1"."ds" AS "partition"
          FROM "exposures" AS "t1"
          WHERE
            "t1"."ds" >= FROM_ISO8601_DATE('2023-03-10')
            AND "t1"."ds" <= FROM_ISO8601_DATE('2023-03-14')
        ) AS "t3"
      ) AS "t5"
      WHERE
        "t5"."experiment" = 'every-kind'
        AND "t5"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        AND "t5"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        AND "t5"."unit" IS NOT NULL
        AND "t5"."variant" IS NOT NULL
    ) AS "t8"
    GROUP BY
      1,
      2,
      3
  ) AS "t11"
  GROUP BY
    1
), "units" AS (
  SELECT
    "t16"."unit",
    "t16"."first_at",
    "t16"."variant",
    "t16"."in_day0",
    "t16"."in_day1",
    "t16"."in_day2",
    "t16"."segment_device",
    "t16"."segment_new_users",
    CASE
      WHEN "t16"."first_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      THEN 0
      WHEN "t16"."first_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      THEN 1
      WHEN "t16"."first_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      THEN 2
      ELSE 2
    END AS "day",
    IF("t16"."variant" <> "t16"."other_variant", 1, 0) AS "is_crossed",
    IF("t16"."times" > 1, 1, 0) AS "is_repeated",
    CASE
      WHEN "t16"."first_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      THEN CAST(FROM_ISO8601_TIMESTAMP('2023-03-15T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      WHEN "t16"."first_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      THEN CAST(FROM_ISO8601_TIMESTAMP('2023-03-16T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      WHEN "t16"."first_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      THEN CAST(FROM_ISO8601_TIMESTAMP('2023-03-17T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      ELSE CAST(FROM_ISO8601_TIMESTAMP('2023-03-17T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
    END AS "until_3",
    CASE
      WHEN "t16"."first_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      THEN CAST(FROM_ISO8601_TIMESTAMP('2023-03-17T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      WHEN "t16"."first_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      THEN CAST(FROM_ISO8601_TIMESTAMP('2023-03-18T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      WHEN "t16"."first_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      THEN CAST(FROM_ISO8601_TIMESTAMP('2023-03-19T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      ELSE CAST(FROM_ISO8601_TIMESTAMP('2023-03-19T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
    END AS "until_5",
    CASE
      WHEN "t16"."first_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      THEN CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      WHEN "t16"."first_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      THEN CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      WHEN "t16"."first_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      THEN CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      ELSE CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
    END AS "day_begin",
    CASE
      WHEN "t16"."first_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      THEN CAST(FROM_ISO8601_TIMESTAMP('2023-02-25T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      WHEN "t16"."first_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      THEN CAST(FROM_ISO8601_TIMESTAMP('2023-02-26T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      WHEN "t16"."first_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      THEN CAST(FROM_ISO8601_TIMESTAMP('2023-02-27T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      ELSE CAST(FROM_ISO8601_TIMESTAMP('2023-02-27T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
    END AS "history_begin"
  FROM (
    SELECT
      "t15"."unit",
      MIN("t15"."first_at") AS "first_at",
      MIN("t15"."variant") AS "variant",
      MIN("t15"."other_variant") AS "other_variant",
      MIN("t15"."times") AS "times",
      MIN("t15"."in_day0") AS "in_day0",
      MIN("t15"."in_day1") AS "in_day1",
      MIN("t15"."in_day2") AS "in_day2",
      MIN("t15"."segment_device") AS "segment_device",
      BOOL_AND("t15"."segment_new_users") AS "segment_new_users"
    FROM (
      SELECT
        "t14"."unit",
        "t14"."first_at",
        "t14"."variant",
        "t14"."other_variant",
        "t14"."times",
        "t14"."in_day0",
        "t14"."in_day1",
        "t14"."in_day2",
        "t10"."at",
        "t10"."segment_device",
        "t10"."segment_new_users",
        "t10"."served_unit"
      FROM "first_exposures" AS "t14"
      INNER JOIN (
        SELECT
          "t5"."at",
          "t5"."segment_device",
          "t5"."segment_new_users",
          "t5"."unit" AS "served_unit"
        FROM (
          SELECT
            "t3"."unit",
            "t3"."experiment",
            "t3"."variant",
            "t3"."at",
            "t3"."segment_new_users",
            "t3"."segment_device"
          FROM (
            SELECT
              "t1"."user_id" AS "unit",
              "t1"."experiment",
              "t1"."variant",
              "t1"."served_at" AS "at",
              "t1"."is_new" AS "segment_new_users",
              "t1"."device" AS "segment_device",
              "t1"."ds" AS "partition"
            FROM "exposures" AS "t1"
            WHERE
              "t1"."ds" >= FROM_ISO8601_DATE('2023-03-10')
              AND "t1"."ds" <= FROM_ISO8601_DATE('2023-03-14')
          ) AS "t3"
        ) AS "t5"
        WHERE
          "t5"."experiment" = 'every-kind'
          AND "t5"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
          AND "t5"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
          AND "t5"."unit" IS NOT NULL
          AND "t5"."variant" IS NOT NULL
      ) AS "t10"
        ON "t14"."unit" = "t10"."served_unit" AND "t14"."first_at" = "t10"."at"
    ) AS "t15"
    GROUP BY
      1
  ) AS "t16"
)
SELECT
  *
FROM (
  SELECT
    "t24"."is_crossed",
    "t24"."variant",
    "t24"."day",
    "t24"."segment_device",
    "t24"."segment_new_users",
    COUNT(*) AS "units",
    SUM("t24"."is_repeated") AS "repeated",
    SUM("t24"."in_day0") AS "units_day0",
    SUM("t24"."in_day1") AS "units_day1",
    SUM("t24"."in_day2") AS "units_day2",
    SUM(CAST("t24"."y_0_cohort" AS BIGINT)) AS "sum_0_cohort",
    SUM(CAST("t24"."x_0_cohort" AS BIGINT)) AS "covariate_sum_0_cohort",
    SUM(CAST("t24"."x_0_cohort" * "t24"."x_0_cohort" AS BIGINT)) AS "covariate_sum_squares_0_cohort",
    SUM(CAST("t24"."y_0_cohort" * "t24"."x_0_cohort" AS BIGINT)) AS "covariate_cross_sum_0_cohort",
    SUM(CAST("t24"."y_1_cohort" AS DECIMAL(36, 12))) AS "sum_1_cohort",
    SUM(
      CAST(CAST("t24"."y_1_cohort" AS DECIMAL(19, 6)) * "t24"."y_1_cohort" AS DECIMAL(36, 12))
    ) AS "sum_squares_1_cohort",
    SUM(CAST(IF("t24"."in_day0" = 1, "t24"."y_1_day0", 0) AS DECIMAL(36, 12))) AS "sum_1_day0",
    SUM(
      CAST(CAST(IF("t24"."in_day0" = 1, "t24"."y_1_day0", 0) AS DECIMAL(19, 6)) * IF("t24"."in_day0" = 1, "t24"."y_1_day0", 0) AS DECIMAL(36, 12))
    ) AS "sum_squares_1_day0",
    SUM(CAST(IF("t24"."in_day1" = 1, "t24"."y_1_day1", 0) AS DECIMAL(36, 12))) AS "sum_1_day1",
    SUM(
      CAST(CAST(IF("t24"."in_day1" = 1, "t24"."y_1_day1", 0) AS DECIMAL(19, 6)) * IF("t24"."in_day1" = 1, "t24"."y_1_day1", 0) AS DECIMAL(36, 12))
    ) AS "sum_squares_1_day1",
    SUM(CAST(IF("t24"."in_day2" = 1, "t24"."y_1_day2", 0) AS DECIMAL(36, 12))) AS "sum_1_day2",
    SUM(
      CAST(CAST(IF("t24"."in_day2" = 1, "t24"."y_1_day2", 0) AS DECIMAL(19, 6)) * IF("t24"."in_day2" = 1, "t24"."y_1_day2", 0) AS DECIMAL(36, 12))
    ) AS "sum_squares_1_day2",
    SUM(CAST("t24"."y_2_cohort" AS DECIMAL(36, 12))) AS "sum_2_cohort",
    SUM(
      CAST(CAST("t24"."y_2_cohort" AS DECIMAL(19, 6)) * "t24"."y_2_cohort" AS DECIMAL(36, 12))
    ) AS "sum_squares_2_cohort",
    SUM(CAST("t24"."y_3_cohort" AS DECIMAL(36, 12))) AS "sum_3_cohort",
    SUM(
      CAST(CAST("t24"."y_3_cohort" AS DECIMAL(19, 6)) * "t24"."y_3_cohort" AS DECIMAL(36, 12))
    ) AS "sum_squares_3_cohort",
    SUM(CAST("t24"."d_3_cohort" AS DECIMAL(36, 12))) AS "denominator_sum_3_cohort",
    SUM(
      CAST(CAST("t24"."d_3_cohort" AS DECIMAL(19, 6)) * "t24"."d_3_cohort" AS DECIMAL(36, 12))
    ) AS "denominator_sum_squares_3_cohort",
    SUM(
      CAST(CAST("t24"."y_3_cohort" AS DECIMAL(19, 6)) * "t24"."d_3_cohort" AS DECIMAL(36, 12))
    ) AS "cross_sum_3_cohort",
    SUM(CAST(IF("t24"."in_day0" = 1, "t24"."y_3_day0", 0) AS DECIMAL(36, 12))) AS "sum_3_day0",
    SUM(
      CAST(CAST(IF("t24"."in_day0" = 1, "t24"."y_3_day0", 0) AS DECIMAL(19, 6)) * IF("t24"."in_day0" = 1, "t24"."y_3_day0", 0) AS DECIMAL(36, 12))
    ) AS "sum_squares_3_day0",
    SUM(CAST(IF("t24"."in_day0" = 1, "t24"."d_3_day0", 0) AS DECIMAL(36, 12))) AS "denominator_sum_3_day0",
    SUM(
      CAST(CAST(IF("t24"."in_day0" = 1, "t24"."d_3_day0", 0) AS DECIMAL(19, 6)) * IF("t24"."in_day0" = 1, "t24"."d_3_day0", 0) AS DECIMAL(36, 12))
    ) AS "denominator_sum_squares_3_day0",
    SUM(
      CAST(CAST(IF("t24"."in_day0" = 1, "t24"."y_3_day0", 0) AS DECIMAL(19, 6)) * IF("t24"."in_day0" = 1, "t24"."d_3_day0", 0) AS DECIMAL(36, 12))
    ) AS "cross_sum_3_day0",
    SUM(CAST(IF("t24"."in_day1" = 1, "t24"."y_3_day1", 0) AS DECIMAL(36, 12))) AS "sum_3_day1",
    SUM(
      CAST(CAST(IF("t24"."in_day1" = 1, "t24"."y_3_day1", 0) AS DECIMAL(19, 6)) * IF("t24"."in_day1" = 1, "t24"."y_3_day1", 0) AS DECIMAL(36, 12))
    ) AS "sum_squares_3_day1",
    SUM(CAST(IF("t24"."in_day1" = 1, "t24"."d_3_day1", 0) AS DECIMAL(36, 12))) AS "denominator_sum_3_day1",
    SUM(
      CAST(CAST(IF("t24"."in_day1" = 1, "t24"."d_3_day1", 0) AS DECIMAL(19, 6)) * IF("t24"."in_day1" = 1, "t24"."d_3_day1", 0) AS DECIMAL(36, 12))
    ) AS "denominator_sum_squares_3_day1",
    SUM(
      CAST(CAST(IF("t24"."in_day1" = 1, "t24"."y_3_day1", 0) AS DECIMAL(19, 6)) * IF("t24"."in_day1" = 1, "t24"."d_3_day1", 0) AS DECIMAL(36, 12))
    ) AS "cross_sum_3_day1",
    SUM(CAST(IF("t24"."in_day2" = 1, "t24"."y_3_day2", 0) AS DECIMAL(36, 12))) AS "sum_3_day2",
    SUM(
      CAST(CAST(IF("t24"."in_day2" = 1, "t24"."y_3_day2", 0) AS DECIMAL(19, 6)) * IF("t24"."in_day2" = 1, "t24"."y_3_day2", 0) AS DECIMAL(36, 12))
    ) AS "sum_squares_3_day2",
    SUM(CAST(IF("t24"."in_day2" = 1, "t24"."d_3_day2", 0) AS DECIMAL(36, 12))) AS "denominator_sum_3_day2",
    SUM(
      CAST(CAST(IF("t24"."in_day2" = 1, "t24"."d_3_day2", 0) AS DECIMAL(19, 6)) * IF("t24"."in_day2" = 1, "t24"."d_3_day2", 0) AS DECIMAL(36, 12))
    ) AS "denominator_sum_squares_3_day2",
    SUM(
      CAST(CAST(IF("t24"."in_day2" = 1, "t24"."y_3_day2", 0) AS DECIMAL(19, 6)) * IF("t24"."in_day2" = 1, "t24"."d_3_day2", 0) AS DECIMAL(36, 12))
    ) AS "cross_sum_3_day2",
    SUM(CAST("t24"."y_4_cohort" AS DECIMAL(36, 12))) AS "sum_4_cohort",
    SUM(
      CAST(CAST("t24"."y_4_cohort" AS DECIMAL(19, 6)) * "t24"."y_4_cohort" AS DECIMAL(36, 12))
    ) AS "sum_squares_4_cohort",
    SUM(CAST("t24"."y_5_cohort" AS BIGINT)) AS "sum_5_cohort",
    SUM(CAST("t24"."y_6_cohort" AS DECIMAL(36, 12))) AS "sum_6_cohort",
    SUM(
      CAST(CAST("t24"."y_6_cohort" AS DECIMAL(19, 6)) * "t24"."y_6_cohort" AS DECIMAL(36, 12))
    ) AS "sum_squares_6_cohort"
  FROM (
    SELECT
      "t23"."unit",
      "t23"."first_at",
      "t23"."variant",
      "t23"."in_day0",
      "t23"."in_day1",
      "t23"."in_day2",
      "t23"."segment_device",
      "t23"."segment_new_users",
      "t23"."day",
      "t23"."is_crossed",
      "t23"."is_repeated",
      "t23"."until_3",
      "t23"."until_5",
      "t23"."day_begin",
      "t23"."history_begin",
      "t23"."unit_right",
      COALESCE("t23"."y_0_cohort", 0) AS "y_0_cohort",
      COALESCE("t23"."x_0_cohort", 0) AS "x_0_cohort",
      COALESCE("t23"."y_1_cohort", 0) AS "y_1_cohort",
      COALESCE("t23"."y_1_day0", 0) AS "y_1_day0",
      COALESCE("t23"."y_1_day1", 0) AS "y_1_day1",
      COALESCE("t23"."y_1_day2", 0) AS "y_1_day2",
      COALESCE("t23"."y_2_cohort", 0) AS "y_2_cohort",
      COALESCE("t23"."y_3_cohort", 0) AS "y_3_cohort",
      COALESCE("t23"."d_3_cohort", 0) AS "d_3_cohort",
      COALESCE("t23"."y_3_day0", 0) AS "y_3_day0",
      COALESCE("t23"."d_3_day0", 0) AS "d_3_day0",
      COALESCE("t23"."y_3_day1", 0) AS "y_3_day1",
      COALESCE("t23"."d_3_day1", 0) AS "d_3_day1",
      COALESCE("t23"."y_3_day2", 0) AS "y_3_day2",
      COALESCE("t23"."d_3_day2", 0) AS "d_3_day2",
      COALESCE("t23"."y_4_cohort", 0) AS "y_4_cohort",
      COALESCE("t23"."y_5_cohort", 0) AS "y_5_cohort",
      COALESCE("t23"."y_6_cohort", 0) AS "y_6_cohort"
    FROM (
      SELECT
        "t19"."unit",
        "t19"."first_at",
        "t19"."variant",
        "t19"."in_day0",
        "t19"."in_day1",
        "t19"."in_day2",
        "t19"."segment_device",
        "t19"."segment_new_users",
        "t19"."day",
        "t19"."is_crossed",
        "t19"."is_repeated",
        "t19"."until_3",
        "t19"."until_5",
        "t19"."day_begin",
        "t19"."history_begin",
        "t22"."unit" AS "unit_right",
        "t22"."y_0_cohort",
        "t22"."x_0_cohort",
        "t22"."y_1_cohort",
        "t22"."y_1_day0",
        "t22"."y_1_day1",
        "t22"."y_1_day2",
        "t22"."y_2_cohort",
        "t22"."y_3_cohort",
        "t22"."d_3_cohort",
        "t22"."y_3_day0",
        "t22"."d_3_day0",
        "t22"."y_3_day1",
        "t22"."d_3_day1",
        "t22"."y_3_day2",
        "t22"."d_3_day2",
        "t22"."y_4_cohort",
        "t22"."y_5_cohort",
        "t22"."y_6_cohort"
      FROM "units" AS "t19"
      LEFT OUTER JOIN (
        SELECT
          "t20"."unit",
          MAX(
            IF(
              (
                "t20"."event" = 'order'
              )
              AND (
                (
                  "t20"."happened_at" >= "t20"."first_at"
                )
                AND (
                  "t20"."happened_at" < "t20"."until_3"
                )
              ),
              1,
              0
            )
          ) AS "y_0_cohort",
          MAX(
            IF(
              (
                "t20"."event" = 'order'
              )
              AND (
                (
                  "t20"."happened_at" >= "t20"."history_begin"
                )
                AND (
                  "t20"."happened_at" < "t20"."day_begin"
                )
              ),
              1,
              0
            )
          ) AS "x_0_cohort",
          LEAST(
            CAST(SUM(
              IF(
                (
                  "t20"."event" = 'order'
                ) AND (
                  "t20"."happened_at" >= "t20"."first_at"
                ),
                COALESCE("t20"."amount", 1),
                0
              )
            ) AS DECIMAL(18, 6)),
            CAST('150.000000' AS DECIMAL(18, 6))
          ) AS "y_1_cohort",
          LEAST(
            CAST(SUM(
              IF(
                (
                  "t20"."event" = 'order'
                )
                AND (
                  (
                    "t20"."happened_at" >= "t20"."first_at"
                  )
                  AND (
                    (
                      "t20"."happened_at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                    )
                    AND (
                      "t20"."happened_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                    )
                  )
                ),
                COALESCE("t20"."amount", 1),
                0
              )
            ) AS DECIMAL(18, 6)),
            CAST('150.000000' AS DECIMAL(18, 6))
          ) AS "y_1_day0",
          LEAST(
            CAST(SUM(
              IF(
                (
                  "t20"."event" = 'order'
                )
                AND (
                  (
                    "t20"."happened_at" >= "t20"."first_at"
                  )
                  AND (
                    (
                      "t20"."happened_at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                    )
                    AND (
                      "t20"."happened_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                    )
                  )
                ),
                COALESCE("t20"."amount", 1),
                0
              )
            ) AS DECIMAL(18, 6)),
            CAST('150.000000' AS DECIMAL(18, 6))
          ) AS "y_1_day1",
          LEAST(
            CAST(SUM(
              IF(
                (
                  "t20"."event" = 'order'
                )
                AND (
                  (
                    "t20"."happened_at" >= "t20"."first_at"
                  )
                  AND (
                    (
                      "t20"."happened_at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                    )
                    AND (
                      "t20"."happened_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                    )
                  )
                ),
                COALESCE("t20"."amount", 1),
                0
              )
            ) AS DECIMAL(18, 6)),
            CAST('150.000000' AS DECIMAL(18, 6))
          ) AS "y_1_day2",
          CAST(SUM(
            IF(
              (
                "t20"."event" = 'wait'
              ) AND (
                "t20"."happened_at" >= "t20"."first_at"
              ),
              COALESCE("t20"."amount", 1),
              0
            )
          ) AS DECIMAL(18, 6)) AS "y_2_cohort",
          CAST(SUM(
            IF(
              (
                "t20"."event" = 'items'
              )
              AND (
                (
                  "t20"."happened_at" >= "t20"."first_at"
                )
                AND (
                  "t20"."happened_at" < "t20"."until_5"
                )
              ),
              COALESCE("t20"."amount", 1),
              0
            )
          ) AS DECIMAL(18, 6)) AS "y_3_cohort",
          CAST(SUM(
            IF(
              (
                "t20"."event" = 'order_placed'
              )
              AND (
                (
                  "t20"."happened_at" >= "t20"."first_at"
                )
                AND (
                  "t20"."happened_at" < "t20"."until_5"
                )
              ),
              COALESCE("t20"."amount", 1),
              0
            )
          ) AS DECIMAL(18, 6)) AS "d_3_cohort",
          CAST(SUM(
            IF(
              (
                "t20"."event" = 'items'
              )
              AND (
                (
                  "t20"."happened_at" >= "t20"."first_at"
                )
                AND (
                  (
                    "t20"."happened_at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                  )
                  AND (
                    "t20"."happened_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                  )
                )
              ),
              COALESCE("t20"."amount", 1),
              0
            )
          ) AS DECIMAL(18, 6)) AS "y_3_day0",
          CAST(SUM(
            IF(
              (
                "t20"."event" = 'order_placed'
              )
              AND (
                (
                  "t20"."happened_at" >= "t20"."first_at"
                )
                AND (
                  (
                    "t20"."happened_at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                  )
                  AND (
                    "t20"."happened_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                  )
                )
              ),
              COALESCE("t20"."amount", 1),
              0
            )
          ) AS DECIMAL(18, 6)) AS "d_3_day0",
          CAST(SUM(
            IF(
              (
                "t20"."event" = 'items'
              )
              AND (
                (
                  "t20"."happened_at" >= "t20"."first_at"
                )
                AND (
                  (
                    "t20"."happened_at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                  )
                  AND (
                    "t20"."happened_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                  )
                )
              ),
              COALESCE("t20"."amount", 1),
              0
            )
          ) AS DECIMAL(18, 6)) AS "y_3_day1",
          CAST(SUM(
            IF(
              (
                "t20"."event" = 'order_placed'
              )
              AND (
                (
                  "t20"."happened_at" >= "t20"."first_at"
                )
                AND (
                  (
                    "t20"."happened_at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                  )
                  AND (
                    "t20"."happened_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                  )
                )
              ),
              COALESCE("t20"."amount", 1),
              0
            )
          ) AS DECIMAL(18, 6)) AS "d_3_day1",
          CAST(SUM(
            IF(
              (
                "t20"."event" = 'items'
              )
              AND (
                (
                  "t20"."happened_at" >= "t20"."first_at"
                )
                AND (
                  (
                    "t20"."happened_at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                  )
                  AND (
                    "t20"."happened_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                  )
                )
              ),
              COALESCE("t20"."amount", 1),
              0
            )
          ) AS DECIMAL(18, 6)) AS "y_3_day2",
          CAST(SUM(
            IF(
              (
                "t20"."event" = 'order_placed'
              )
              AND (
                (
                  "t20"."happened_at" >= "t20"."first_at"
                )
                AND (
                  (
                    "t20"."happened_at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                  )
                  AND (
                    "t20"."happened_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
                  )
                )
              ),
              COALESCE("t20"."amount", 1),
              0
            )
          ) AS DECIMAL(18, 6)) AS "d_3_day2",
          CAST(SUM(
            IF(
              (
                "t20"."event" = 'order'
              ) AND (
                "t20"."happened_at" >= "t20"."first_at"
              ),
              COALESCE("t20"."amount", 1),
              0
            )
          ) AS DECIMAL(18, 6)) AS "y_4_cohort",
          MAX(
            IF(
              (
                "t20"."event" = 'order'
              ) AND (
                "t20"."happened_at" >= "t20"."first_at"
              ),
              1,
              0
            )
          ) AS "y_5_cohort",
          CAST(SUM(
            IF(
              (
                "t20"."event" = 'opinion'
              ) AND (
                "t20"."happened_at" >= "t20"."first_at"
              ),
              COALESCE("t20"."amount", 1),
              0
            )
          ) AS DECIMAL(18, 6)) AS "y_6_cohort"
        FROM (
          SELECT
            "t19"."unit",
            "t19"."first_at",
            "t19"."variant",
            "t19"."in_day0",
            "t19"."in_day1",
            "t19"."in_day2",
            "t19"."segment_device",
            "t19"."segment_new_users",
            "t19"."day",
            "t19"."is_crossed",
            "t19"."is_repeated",
            "t19"."until_3",
            "t19"."until_5",
            "t19"."day_begin",
            "t19"."history_begin",
            "t9"."event",
            "t9"."happened_at",
            "t9"."amount"
          FROM "units" AS "t19"
          INNER JOIN (
            SELECT
              "t4"."unit",
              "t4"."event",
              "t4"."at" AS "happened_at",
              CAST("t4"."value" AS DECIMAL(18, 6)) AS "amount"
            FROM (
              SELECT
                "t2"."unit",
                "t2"."event",
                "t2"."at",
                "t2"."value"
              FROM (
                SELECT
                  "t0"."user_id" AS "unit",
                  "t0"."name" AS "event",
                  "t0"."happened_at" AS "at",
                  "t0"."value",
                  "t0"."ds" AS "partition"
                FROM "events" AS "t0"
                WHERE
                  "t0"."ds" >= FROM_ISO8601_DATE('2023-02-24')
                  AND "t0"."ds" <= FROM_ISO8601_DATE('2023-03-15')
              ) AS "t2"
            ) AS "t4"
            WHERE
              "t4"."event" IN ('items', 'opinion', 'order', 'order_placed', 'wait')
              AND "t4"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-02-25T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
              AND "t4"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-15T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
          ) AS "t9"
            ON "t19"."unit" = "t9"."unit"
        ) AS "t20"
        GROUP BY
          1
      ) AS "t22"
        ON "t19"."unit" = "t22"."unit"
    ) AS "t23"
  ) AS "t24"
  GROUP BY
    1,
    2,
    3,
    4,
    5
) AS "t25"
ORDER BY
  "t25"."is_crossed" ASC,
  "t25"."variant" ASC,
  "t25"."day" ASC,
  "t25"."segment_device" ASC,
  "t25"."segment_new_users" ASC;

-- quantiles
WITH "first_exposures" AS (
  SELECT
    "t11"."unit",
    MIN("t11"."at") AS "first_at",
    MIN("t11"."variant") AS "variant",
    MAX("t11"."variant") AS "other_variant",
    MAX("t11"."times") AS "times",
    MAX(
      IF(
        (
          "t11"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        )
        AND (
          "t11"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        ),
        1,
        0
      )
    ) AS "in_day0",
    MAX(
      IF(
        (
          "t11"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        )
        AND (
          "t11"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        ),
        1,
        0
      )
    ) AS "in_day1",
    MAX(
      IF(
        (
          "t11"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        )
        AND (
          "t11"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        ),
        1,
        0
      )
    ) AS "in_day2"
  FROM (
    SELECT
      "t7"."unit",
      "t7"."variant",
      "t7"."at",
      COUNT(*) AS "times"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t3"."unit",
          "t3"."experiment",
          "t3"."variant",
          "t3"."at",
          "t3"."segment_new_users",
          "t3"."segment_device"
        FROM (
          SELECT
            "t1"."user_id" AS "unit",
            "t1"."experiment",
            "t1"."variant",
            "t1"."served_at" AS "at",
            "t1"."is_new" AS "segment_new_users",
            "t1"."device" AS "segment_device",
            "t1"."ds" AS "partition"
          FROM "exposures" AS "t1"
          WHERE
            "t1"."ds" >= FROM_ISO8601_DATE('2023-03-10')
            AND "t1"."ds" <= FROM_ISO8601_DATE('2023-03-14')
        ) AS "t3"
      ) AS "t5"
      WHERE
        "t5"."experiment" = 'every-kind'
        AND "t5"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        AND "t5"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        AND "t5"."unit" IS NOT NULL
        AND "t5"."variant" IS NOT NULL
    ) AS "t7"
    GROUP BY
      1,
      2,
      3
  ) AS "t11"
  GROUP BY
    1
), "page_values" AS (
  SELECT
    "t19"."unit",
    "t19"."variant",
    "t19"."amount" AS "value",
    CAST(0 AS BIGINT) AS "total",
    CAST(CASE
      WHEN (
        "t19"."happened_at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      )
      AND (
        "t19"."happened_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      )
      AND (
        "t19"."in_day0" = 1
      )
      THEN 0
      WHEN (
        "t19"."happened_at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      )
      AND (
        "t19"."happened_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      )
      AND (
        "t19"."in_day1" = 1
      )
      THEN 1
      WHEN (
        "t19"."happened_at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      )
      AND (
        "t19"."happened_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      )
      AND (
        "t19"."in_day2" = 1
      )
      THEN 2
      ELSE -1
    END AS BIGINT) AS "day"
  FROM (
    SELECT
      "t18"."unit",
      "t18"."first_at",
      "t18"."variant",
      "t18"."other_variant",
      "t18"."times",
      "t18"."in_day0",
      "t18"."in_day1",
      "t18"."in_day2",
      "t18"."segment_new_users",
      "t18"."segment_device",
      "t10"."event",
      "t10"."happened_at",
      "t10"."amount"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t15"."unit",
          MIN("t15"."first_at") AS "first_at",
          MIN("t15"."variant") AS "variant",
          MIN("t15"."other_variant") AS "other_variant",
          MIN("t15"."times") AS "times",
          MIN("t15"."in_day0") AS "in_day0",
          MIN("t15"."in_day1") AS "in_day1",
          MIN("t15"."in_day2") AS "in_day2",
          BOOL_AND("t15"."segment_new_users") AS "segment_new_users",
          MIN("t15"."segment_device") AS "segment_device"
        FROM (
          SELECT
            "t14"."unit",
            "t14"."first_at",
            "t14"."variant",
            "t14"."other_variant",
            "t14"."times",
            "t14"."in_day0",
            "t14"."in_day1",
            "t14"."in_day2",
            "t9"."at",
            "t9"."segment_new_users",
            "t9"."segment_device",
            "t9"."served_unit"
          FROM "first_exposures" AS "t14"
          INNER JOIN (
            SELECT
              "t5"."at",
              "t5"."segment_new_users",
              "t5"."segment_device",
              "t5"."unit" AS "served_unit"
            FROM (
              SELECT
                "t3"."unit",
                "t3"."experiment",
                "t3"."variant",
                "t3"."at",
                "t3"."segment_new_users",
                "t3"."segment_device"
              FROM (
                SELECT
                  "t1"."user_id" AS "unit",
                  "t1"."experiment",
                  "t1"."variant",
                  "t1"."served_at" AS "at",
                  "t1"."is_new" AS "segment_new_users",
                  "t1"."device" AS "segment_device",
                  "t1"."ds" AS "partition"
                FROM "exposures" AS "t1"
                WHERE
                  "t1"."ds" >= FROM_ISO8601_DATE('2023-03-10')
                  AND "t1"."ds" <= FROM_ISO8601_DATE('2023-03-14')
              ) AS "t3"
            ) AS "t5"
            WHERE
              "t5"."experiment" = 'every-kind'
              AND "t5"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
              AND "t5"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
              AND "t5"."unit" IS NOT NULL
              AND "t5"."variant" IS NOT NULL
          ) AS "t9"
            ON "t14"."unit" = "t9"."served_unit" AND "t14"."first_at" = "t9"."at"
        ) AS "t15"
        GROUP BY
          1
      ) AS "t16"
      WHERE
        "t16"."variant" = "t16"."other_variant"
    ) AS "t18"
    INNER JOIN (
      SELECT
        "t4"."unit",
        "t4"."event",
        "t4"."at" AS "happened_at",
        CAST("t4"."value" AS DECIMAL(18, 6)) AS "amount"
      FROM (
        SELECT
          "t2"."unit",
          "t2"."event",
          "t2"."at",
          "t2"."value"
        FROM (
          SELECT
            "t0"."user_id" AS "unit",
            "t0"."name" AS "event",
            "t0"."happened_at" AS "at",
            "t0"."value",
            "t0"."ds" AS "partition"
          FROM "events" AS "t0"
          WHERE
            "t0"."ds" >= FROM_ISO8601_DATE('2023-03-10')
            AND "t0"."ds" <= FROM_ISO8601_DATE('2023-03-15')
        ) AS "t2"
      ) AS "t4"
      WHERE
        "t4"."event" IN ('page_load')
        AND "t4"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        AND "t4"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-15T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        AND CAST("t4"."value" AS DECIMAL(18, 6)) IS NOT NULL
    ) AS "t10"
      ON "t18"."unit" = "t10"."unit"
  ) AS "t19"
  WHERE
    "t19"."happened_at" >= "t19"."first_at"
), "t22" AS (
  SELECT
    *
  FROM "page_values" AS "t21"
  WHERE
    "t21"."total" >= 0
), "t23" AS (
  SELECT
    *
  FROM "page_values" AS "t21"
  WHERE
    "t21"."day" >= 0
), "counts" AS (
  SELECT
    *
  FROM (
    SELECT
      'total' AS "in_window",
      "t28"."total" AS "number",
      "t28"."variant",
      "t28"."value",
      "t28"."times"
    FROM (
      SELECT
        "t24"."variant",
        "t24"."total",
        "t24"."value",
        COUNT(*) AS "times"
      FROM "t22" AS "t24"
      GROUP BY
        1,
        2,
        3
    ) AS "t28"
  ) AS "t30"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      'day' AS "in_window",
      "t29"."day" AS "number",
      "t29"."variant",
      "t29"."value",
      "t29"."times"
    FROM (
      SELECT
        "t25"."variant",
        "t25"."day",
        "t25"."value",
        COUNT(*) AS "times"
      FROM "t23" AS "t25"
      GROUP BY
        1,
        2,
        3
    ) AS "t29"
  ) AS "t31"
), "quantiles" AS (
  SELECT
    "t34"."in_window",
    "t34"."number",
    "t34"."variant",
    "t34"."value",
    "t34"."of"
  FROM (
    SELECT
      "t33"."in_window",
      "t33"."number",
      "t33"."variant",
      "t33"."value",
      "t33"."times",
      SUM("t33"."times") OVER (
        PARTITION BY "t33"."in_window", "t33"."number", "t33"."variant"
        ORDER BY "t33"."value" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ) AS "up_to",
      SUM("t33"."times") OVER (
        PARTITION BY "t33"."in_window", "t33"."number", "t33"."variant"
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "of"
    FROM "counts" AS "t33"
  ) AS "t34"
  WHERE
    (
      "t34"."up_to" * 10
    ) >= (
      "t34"."of" * 9
    )
    AND (
      (
        "t34"."up_to" - "t34"."times"
      ) * 10
    ) < (
      "t34"."of" * 9
    )
)
SELECT
  *
FROM (
  SELECT
    *
  FROM (
    SELECT
      'total' AS "in_window",
      "t45"."total" AS "number",
      "t45"."variant",
      "t45"."value",
      "t45"."of",
      "t45"."units",
      "t45"."n",
      "t45"."k",
      "t45"."nn",
      "t45"."kk",
      "t45"."nk"
    FROM (
      SELECT
        "t43"."variant",
        "t43"."total",
        MAX("t43"."value") AS "value",
        MAX("t43"."of") AS "of",
        COUNT(*) AS "units",
        SUM("t43"."n") AS "n",
        SUM("t43"."k") AS "k",
        SUM("t43"."n" * "t43"."n") AS "nn",
        SUM("t43"."k" * "t43"."k") AS "kk",
        SUM("t43"."n" * "t43"."k") AS "nk"
      FROM (
        SELECT
          "t41"."unit",
          "t41"."variant",
          "t41"."total",
          COUNT(*) AS "n",
          SUM(IF("t41"."value" <= "t41"."at_quantile", 1, 0)) AS "k",
          MAX("t41"."at_quantile") AS "value",
          MAX("t41"."of") AS "of"
        FROM (
          SELECT
            "t26"."unit",
            "t26"."variant",
            "t26"."value",
            "t26"."total",
            "t26"."day",
            "t39"."group_variant",
            "t39"."group_number",
            "t39"."at_quantile",
            "t39"."of"
          FROM "t22" AS "t26"
          INNER JOIN (
            SELECT
              "t36"."variant" AS "group_variant",
              "t36"."number" AS "group_number",
              "t36"."value" AS "at_quantile",
              "t36"."of"
            FROM "quantiles" AS "t36"
            WHERE
              "t36"."in_window" = 'total'
          ) AS "t39"
            ON "t26"."variant" = "t39"."group_variant" AND "t26"."total" = "t39"."group_number"
        ) AS "t41"
        GROUP BY
          1,
          2,
          3
      ) AS "t43"
      GROUP BY
        1,
        2
    ) AS "t45"
  ) AS "t47"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      'day' AS "in_window",
      "t46"."day" AS "number",
      "t46"."variant",
      "t46"."value",
      "t46"."of",
      "t46"."units",
      "t46"."n",
      "t46"."k",
      "t46"."nn",
      "t46"."kk",
      "t46"."nk"
    FROM (
      SELECT
        "t44"."variant",
        "t44"."day",
        MAX("t44"."value") AS "value",
        MAX("t44"."of") AS "of",
        COUNT(*) AS "units",
        SUM("t44"."n") AS "n",
        SUM("t44"."k") AS "k",
        SUM("t44"."n" * "t44"."n") AS "nn",
        SUM("t44"."k" * "t44"."k") AS "kk",
        SUM("t44"."n" * "t44"."k") AS "nk"
      FROM (
        SELECT
          "t42"."unit",
          "t42"."variant",
          "t42"."day",
          COUNT(*) AS "n",
          SUM(IF("t42"."value" <= "t42"."at_quantile", 1, 0)) AS "k",
          MAX("t42"."at_quantile") AS "value",
          MAX("t42"."of") AS "of"
        FROM (
          SELECT
            "t27"."unit",
            "t27"."variant",
            "t27"."value",
            "t27"."total",
            "t27"."day",
            "t40"."group_variant",
            "t40"."group_number",
            "t40"."at_quantile",
            "t40"."of"
          FROM "t23" AS "t27"
          INNER JOIN (
            SELECT
              "t36"."variant" AS "group_variant",
              "t36"."number" AS "group_number",
              "t36"."value" AS "at_quantile",
              "t36"."of"
            FROM "quantiles" AS "t36"
            WHERE
              "t36"."in_window" = 'day'
          ) AS "t40"
            ON "t27"."variant" = "t40"."group_variant" AND "t27"."day" = "t40"."group_number"
        ) AS "t42"
        GROUP BY
          1,
          2,
          3
      ) AS "t44"
      GROUP BY
        1,
        2
    ) AS "t46"
  ) AS "t48"
) AS "t49"
ORDER BY
  "t49"."in_window" ASC,
  "t49"."number" ASC,
  "t49"."variant" ASC;

-- order statistics
WITH "first_exposures" AS (
  SELECT
    "t11"."unit",
    MIN("t11"."at") AS "first_at",
    MIN("t11"."variant") AS "variant",
    MAX("t11"."variant") AS "other_variant",
    MAX("t11"."times") AS "times",
    MAX(
      IF(
        (
          "t11"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        )
        AND (
          "t11"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        ),
        1,
        0
      )
    ) AS "in_day0",
    MAX(
      IF(
        (
          "t11"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        )
        AND (
          "t11"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        ),
        1,
        0
      )
    ) AS "in_day1",
    MAX(
      IF(
        (
          "t11"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        )
        AND (
          "t11"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        ),
        1,
        0
      )
    ) AS "in_day2"
  FROM (
    SELECT
      "t7"."unit",
      "t7"."variant",
      "t7"."at",
      COUNT(*) AS "times"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t3"."unit",
          "t3"."experiment",
          "t3"."variant",
          "t3"."at",
          "t3"."segment_new_users",
          "t3"."segment_device"
        FROM (
          SELECT
            "t1"."user_id" AS "unit",
            "t1"."experiment",
            "t1"."variant",
            "t1"."served_at" AS "at",
            "t1"."is_new" AS "segment_new_users",
            "t1"."device" AS "segment_device",
            "t1"."ds" AS "partition"
          FROM "exposures" AS "t1"
          WHERE
            "t1"."ds" >= FROM_ISO8601_DATE('2023-03-10')
            AND "t1"."ds" <= FROM_ISO8601_DATE('2023-03-14')
        ) AS "t3"
      ) AS "t5"
      WHERE
        "t5"."experiment" = 'every-kind'
        AND "t5"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        AND "t5"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        AND "t5"."unit" IS NOT NULL
        AND "t5"."variant" IS NOT NULL
    ) AS "t7"
    GROUP BY
      1,
      2,
      3
  ) AS "t11"
  GROUP BY
    1
), "page_values" AS (
  SELECT
    "t19"."unit",
    "t19"."variant",
    "t19"."amount" AS "value",
    CAST(0 AS BIGINT) AS "total",
    CAST(CASE
      WHEN (
        "t19"."happened_at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      )
      AND (
        "t19"."happened_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      )
      AND (
        "t19"."in_day0" = 1
      )
      THEN 0
      WHEN (
        "t19"."happened_at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-12T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      )
      AND (
        "t19"."happened_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      )
      AND (
        "t19"."in_day1" = 1
      )
      THEN 1
      WHEN (
        "t19"."happened_at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-13T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      )
      AND (
        "t19"."happened_at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
      )
      AND (
        "t19"."in_day2" = 1
      )
      THEN 2
      ELSE -1
    END AS BIGINT) AS "day"
  FROM (
    SELECT
      "t18"."unit",
      "t18"."first_at",
      "t18"."variant",
      "t18"."other_variant",
      "t18"."times",
      "t18"."in_day0",
      "t18"."in_day1",
      "t18"."in_day2",
      "t18"."segment_new_users",
      "t18"."segment_device",
      "t10"."event",
      "t10"."happened_at",
      "t10"."amount"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t15"."unit",
          MIN("t15"."first_at") AS "first_at",
          MIN("t15"."variant") AS "variant",
          MIN("t15"."other_variant") AS "other_variant",
          MIN("t15"."times") AS "times",
          MIN("t15"."in_day0") AS "in_day0",
          MIN("t15"."in_day1") AS "in_day1",
          MIN("t15"."in_day2") AS "in_day2",
          BOOL_AND("t15"."segment_new_users") AS "segment_new_users",
          MIN("t15"."segment_device") AS "segment_device"
        FROM (
          SELECT
            "t14"."unit",
            "t14"."first_at",
            "t14"."variant",
            "t14"."other_variant",
            "t14"."times",
            "t14"."in_day0",
            "t14"."in_day1",
            "t14"."in_day2",
            "t9"."at",
            "t9"."segment_new_users",
            "t9"."segment_device",
            "t9"."served_unit"
          FROM "first_exposures" AS "t14"
          INNER JOIN (
            SELECT
              "t5"."at",
              "t5"."segment_new_users",
              "t5"."segment_device",
              "t5"."unit" AS "served_unit"
            FROM (
              SELECT
                "t3"."unit",
                "t3"."experiment",
                "t3"."variant",
                "t3"."at",
                "t3"."segment_new_users",
                "t3"."segment_device"
              FROM (
                SELECT
                  "t1"."user_id" AS "unit",
                  "t1"."experiment",
                  "t1"."variant",
                  "t1"."served_at" AS "at",
                  "t1"."is_new" AS "segment_new_users",
                  "t1"."device" AS "segment_device",
                  "t1"."ds" AS "partition"
                FROM "exposures" AS "t1"
                WHERE
                  "t1"."ds" >= FROM_ISO8601_DATE('2023-03-10')
                  AND "t1"."ds" <= FROM_ISO8601_DATE('2023-03-14')
              ) AS "t3"
            ) AS "t5"
            WHERE
              "t5"."experiment" = 'every-kind'
              AND "t5"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
              AND "t5"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
              AND "t5"."unit" IS NOT NULL
              AND "t5"."variant" IS NOT NULL
          ) AS "t9"
            ON "t14"."unit" = "t9"."served_unit" AND "t14"."first_at" = "t9"."at"
        ) AS "t15"
        GROUP BY
          1
      ) AS "t16"
      WHERE
        "t16"."variant" = "t16"."other_variant"
    ) AS "t18"
    INNER JOIN (
      SELECT
        "t4"."unit",
        "t4"."event",
        "t4"."at" AS "happened_at",
        CAST("t4"."value" AS DECIMAL(18, 6)) AS "amount"
      FROM (
        SELECT
          "t2"."unit",
          "t2"."event",
          "t2"."at",
          "t2"."value"
        FROM (
          SELECT
            "t0"."user_id" AS "unit",
            "t0"."name" AS "event",
            "t0"."happened_at" AS "at",
            "t0"."value",
            "t0"."ds" AS "partition"
          FROM "events" AS "t0"
          WHERE
            "t0"."ds" >= FROM_ISO8601_DATE('2023-03-10')
            AND "t0"."ds" <= FROM_ISO8601_DATE('2023-03-15')
        ) AS "t2"
      ) AS "t4"
      WHERE
        "t4"."event" IN ('page_load')
        AND "t4"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        AND "t4"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-15T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        AND CAST("t4"."value" AS DECIMAL(18, 6)) IS NOT NULL
    ) AS "t10"
      ON "t18"."unit" = "t10"."unit"
  ) AS "t19"
  WHERE
    "t19"."happened_at" >= "t19"."first_at"
)
SELECT
  *
FROM (
  SELECT
    "t30"."in_window",
    "t30"."number",
    "t30"."variant",
    MAX(
      IF(
        (
          "t30"."up_to" >= "t30"."low"
        )
        AND (
          (
            "t30"."up_to" - "t30"."times"
          ) < "t30"."low"
        ),
        "t30"."value",
        CAST(NULL AS DECIMAL(18, 6))
      )
    ) AS "lower",
    MAX(
      IF(
        (
          "t30"."up_to" >= "t30"."high"
        )
        AND (
          (
            "t30"."up_to" - "t30"."times"
          ) < "t30"."high"
        ),
        "t30"."value",
        CAST(NULL AS DECIMAL(18, 6))
      )
    ) AS "upper",
    MAX(IF("t30"."value" < "t30"."at", "t30"."value", CAST(NULL AS DECIMAL(18, 6)))) AS "below",
    MIN(IF("t30"."value" > "t30"."at", "t30"."value", CAST(NULL AS DECIMAL(18, 6)))) AS "above"
  FROM (
    SELECT
      "t29"."in_window",
      "t29"."number",
      "t29"."variant",
      "t29"."value",
      "t29"."times",
      "t29"."up_to",
      "t29"."of",
      CASE
        WHEN (
          "t29"."in_window" = 'total'
        )
        AND (
          "t29"."number" = 0
        )
        AND (
          "t29"."variant" = 'buy_now'
        )
        THEN 880
        WHEN (
          "t29"."in_window" = 'total'
        )
        AND (
          "t29"."number" = 0
        )
        AND (
          "t29"."variant" = 'control'
        )
        THEN 880
        WHEN (
          "t29"."in_window" = 'day'
        )
        AND (
          "t29"."number" = 1
        )
        AND (
          "t29"."variant" = 'buy_now'
        )
        THEN 880
        WHEN (
          "t29"."in_window" = 'day'
        )
        AND (
          "t29"."number" = 1
        )
        AND (
          "t29"."variant" = 'control'
        )
        THEN 880
        ELSE CAST(NULL AS SMALLINT)
      END AS "low",
      CASE
        WHEN (
          "t29"."in_window" = 'total'
        )
        AND (
          "t29"."number" = 0
        )
        AND (
          "t29"."variant" = 'buy_now'
        )
        THEN 921
        WHEN (
          "t29"."in_window" = 'total'
        )
        AND (
          "t29"."number" = 0
        )
        AND (
          "t29"."variant" = 'control'
        )
        THEN 921
        WHEN (
          "t29"."in_window" = 'day'
        )
        AND (
          "t29"."number" = 1
        )
        AND (
          "t29"."variant" = 'buy_now'
        )
        THEN 921
        WHEN (
          "t29"."in_window" = 'day'
        )
        AND (
          "t29"."number" = 1
        )
        AND (
          "t29"."variant" = 'control'
        )
        THEN 921
        ELSE CAST(NULL AS SMALLINT)
      END AS "high",
      CASE
        WHEN (
          "t29"."in_window" = 'total'
        )
        AND (
          "t29"."number" = 0
        )
        AND (
          "t29"."variant" = 'buy_now'
        )
        THEN CAST('1900.500000' AS DECIMAL(18, 6))
        WHEN (
          "t29"."in_window" = 'total'
        )
        AND (
          "t29"."number" = 0
        )
        AND (
          "t29"."variant" = 'control'
        )
        THEN CAST('1900.500000' AS DECIMAL(18, 6))
        WHEN (
          "t29"."in_window" = 'day'
        )
        AND (
          "t29"."number" = 1
        )
        AND (
          "t29"."variant" = 'buy_now'
        )
        THEN CAST('1900.500000' AS DECIMAL(18, 6))
        WHEN (
          "t29"."in_window" = 'day'
        )
        AND (
          "t29"."number" = 1
        )
        AND (
          "t29"."variant" = 'control'
        )
        THEN CAST('1900.500000' AS DECIMAL(18, 6))
        ELSE CAST(NULL AS DECIMAL(18, 6))
      END AS "at"
    FROM (
      SELECT
        "t28"."in_window",
        "t28"."number",
        "t28"."variant",
        "t28"."value",
        "t28"."times",
        SUM("t28"."times") OVER (
          PARTITION BY "t28"."in_window", "t28"."number", "t28"."variant"
          ORDER BY "t28"."value" ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS "up_to",
        SUM("t28"."times") OVER (
          PARTITION BY "t28"."in_window", "t28"."number", "t28"."variant"
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS "of"
      FROM (
        SELECT
          *
        FROM (
          SELECT
            'total' AS "in_window",
            "t24"."total" AS "number",
            "t24"."variant",
            "t24"."value",
            "t24"."times"
          FROM (
            SELECT
              "t22"."variant",
              "t22"."total",
              "t22"."value",
              COUNT(*) AS "times"
            FROM (
              SELECT
                *
              FROM "page_values" AS "t21"
              WHERE
                "t21"."total" >= 0
            ) AS "t22"
            GROUP BY
              1,
              2,
              3
          ) AS "t24"
        ) AS "t26"
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            'day' AS "in_window",
            "t25"."day" AS "number",
            "t25"."variant",
            "t25"."value",
            "t25"."times"
          FROM (
            SELECT
              "t23"."variant",
              "t23"."day",
              "t23"."value",
              COUNT(*) AS "times"
            FROM (
              SELECT
                *
              FROM "page_values" AS "t21"
              WHERE
                "t21"."day" >= 0
            ) AS "t23"
            GROUP BY
              1,
              2,
              3
          ) AS "t25"
        ) AS "t27"
      ) AS "t28"
    ) AS "t29"
  ) AS "t30"
  GROUP BY
    1,
    2,
    3
) AS "t31"
ORDER BY
  "t31"."in_window" ASC,
  "t31"."number" ASC,
  "t31"."variant" ASC;

-- incomplete exposures
SELECT
  COUNT(*) AS "rows"
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t1"."unit",
      "t1"."experiment",
      "t1"."variant",
      "t1"."at",
      "t1"."segment_new_users",
      "t1"."segment_device"
    FROM (
      SELECT
        "t0"."user_id" AS "unit",
        "t0"."experiment",
        "t0"."variant",
        "t0"."served_at" AS "at",
        "t0"."is_new" AS "segment_new_users",
        "t0"."device" AS "segment_device",
        "t0"."ds" AS "partition"
      FROM "exposures" AS "t0"
      WHERE
        (
          (
            "t0"."ds" >= FROM_ISO8601_DATE('2023-03-10')
          )
          AND (
            "t0"."ds" <= FROM_ISO8601_DATE('2023-03-14')
          )
        )
        OR (
          "t0"."ds" IS NULL
        )
    ) AS "t1"
  ) AS "t2"
  WHERE
    "t2"."experiment" = 'every-kind'
    AND (
      (
        "t2"."unit" IS NULL
      )
      OR (
        "t2"."variant" IS NULL
      )
      OR (
        "t2"."at" IS NULL
      )
    )
    AND (
      (
        "t2"."at" IS NULL
      )
      OR (
        (
          "t2"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        )
        AND (
          "t2"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-14T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        )
      )
    )
) AS "t3";

-- incomplete events
SELECT
  COUNT(*) AS "rows"
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t1"."unit",
      "t1"."event",
      "t1"."at",
      "t1"."value"
    FROM (
      SELECT
        "t0"."user_id" AS "unit",
        "t0"."name" AS "event",
        "t0"."happened_at" AS "at",
        "t0"."value",
        "t0"."ds" AS "partition"
      FROM "events" AS "t0"
      WHERE
        (
          (
            "t0"."ds" >= FROM_ISO8601_DATE('2023-03-10')
          )
          AND (
            "t0"."ds" <= FROM_ISO8601_DATE('2023-03-15')
          )
        )
        OR (
          "t0"."ds" IS NULL
        )
    ) AS "t1"
  ) AS "t2"
  WHERE
    "t2"."event" IN ('items', 'opinion', 'order', 'order_placed', 'page_load', 'wait')
    AND (
      (
        "t2"."unit" IS NULL
      ) OR (
        "t2"."at" IS NULL
      )
    )
    AND (
      (
        "t2"."at" IS NULL
      )
      OR (
        (
          "t2"."at" >= CAST(FROM_ISO8601_TIMESTAMP('2023-03-11T08:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        )
        AND (
          "t2"."at" < CAST(FROM_ISO8601_TIMESTAMP('2023-03-15T07:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        )
      )
    )
) AS "t3";
