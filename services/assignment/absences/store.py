"""SQL of absences."""

ABSENCES = "absences"  # the member of a desk's document

OPERATOR = "SELECT desk, active FROM operator WHERE id = $1 AND desk = ANY (coalesce($2::text[], desks)) FOR UPDATE"
ZONE = "SELECT zone FROM known_desk WHERE desk = $1"
DEPUTY = "SELECT EXISTS (SELECT FROM operator WHERE id = $1 AND active AND $2 = ANY (desks))"
BESIDE = """
SELECT id FROM absence
WHERE operator_id = $1 AND state IN ('planned', 'under_way') AND starts_at < $3 AND ends_at > $2 LIMIT 1
"""
ADD = """
INSERT INTO absence (id, desk, operator_id, starts_at, ends_at, reason, deputy_id, state, version, created_at,
                     created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'planned', 1, $8, $9)
"""
OWN = "SELECT * FROM absence WHERE id = $1 FOR UPDATE"
CANCEL = """
UPDATE absence SET state = 'cancelled', version = version + 1 WHERE id = $1 AND state IN ('planned', 'under_way')
"""
OVER = """
UPDATE absence SET state = 'over', version = version + 1
WHERE state IN ('planned', 'under_way') AND ends_at <= $1
"""
BEGUN = """
UPDATE absence SET state = 'under_way', version = version + 1
WHERE state = 'planned' AND starts_at <= $1 AND ends_at > $1
"""
# Whose row does not say what is true at a moment ($1).
_NOW = """
FROM operator o LEFT JOIN LATERAL (
    SELECT a.ends_at, a.deputy_id FROM absence a
    WHERE a.operator_id = o.id AND a.state IN ('planned', 'under_way') AND a.starts_at <= $1 AND a.ends_at > $1
    ORDER BY a.starts_at LIMIT 1
) now ON true
WHERE (o.absent_until, o.deputy_id) IS DISTINCT FROM (now.ends_at, now.deputy_id)
"""
CHANGING = f"""
SELECT o.id {_NOW}
  AND (o.absent_until IS NOT NULL OR o.id IN (
      SELECT operator_id FROM absence WHERE state IN ('planned', 'under_way') AND starts_at <= $1))
ORDER BY o.id
"""  # noqa: S608 - clauses of our own
SET = f"""
UPDATE operator SET absent_until = found.ends_at, deputy_id = found.deputy_id, version = version + 1
FROM (SELECT o.id, now.ends_at, now.deputy_id {_NOW} AND o.id = $2) AS found
WHERE operator.id = found.id RETURNING absent_until
"""  # noqa: S608 - as above
# Of a document: those that have not ended, by the `sub` of who is absent.
NOT_OVER = """
SELECT o.subject, a.id, a.starts_at, a.ends_at, a.reason, d.subject AS deputy
FROM absence a JOIN operator o ON o.id = a.operator_id LEFT JOIN operator d ON d.id = a.deputy_id
WHERE a.desk = $1 AND a.state IN ('planned', 'under_way') AND a.ends_at > $2 ORDER BY o.subject, a.starts_at, a.id
"""
BY_SUBJECT = "SELECT id, active FROM operator WHERE subject = $1 AND desk = $2 FOR UPDATE"
DEPUTY_BY_SUBJECT = "SELECT id FROM operator WHERE subject = $1 AND active AND $2 = ANY (desks)"
