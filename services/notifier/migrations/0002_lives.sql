-- A match that was withdrawn and is proposed again lives anew: each thing is told once in each of its lives.

ALTER TABLE ledger
    ADD COLUMN began_at timestamptz NOT NULL DEFAULT 'epoch',
    ADD COLUMN told_at timestamptz NOT NULL DEFAULT now();
UPDATE ledger SET told_at = mails.frozen_at FROM mails WHERE mails.mail_id = ledger.mail_id;
ALTER TABLE ledger
    ALTER COLUMN began_at DROP DEFAULT,
    ALTER COLUMN told_at DROP DEFAULT,
    DROP CONSTRAINT ledger_pkey,
    ADD PRIMARY KEY (person_id, match_id, kind, began_at);
