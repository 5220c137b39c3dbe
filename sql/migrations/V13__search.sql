-- Why: people look for clients and accounts by parts of names, numbers and addresses, in any spelling and at any size of the
-- broker. The indexes hold folded words only, not the texts; each migration fills them anew, so a better folding needs no other step.

CREATE VIRTUAL TABLE profile_search USING fts5 ( -- words of clients; the row has the number of the profile
    name,                                  -- given and family name
    email,                                 -- e-mail address
    phone,                                 -- phone number, also without its prefixes
    company,                               -- company
    reference,                             -- the caller's own id
    content = '', contentless_delete = 1, detail = full, prefix = '1 2 3', tokenize = "unicode61 remove_diacritics 0"
);

CREATE VIRTUAL TABLE account_search USING fts5 ( -- words of accounts; the row has the number of the account
    number,                                -- serial and account number
    name,                                  -- what people call it
    alias,                                 -- second name for programs
    reference,                             -- the caller's own id
    content = '', contentless_delete = 1, detail = full, prefix = '1 2 3', tokenize = "unicode61 remove_diacritics 0"
);
