PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE refinery_schema_history(
             version int4 PRIMARY KEY,
             name VARCHAR(255),
             applied_on VARCHAR(255),
             checksum VARCHAR(255));
INSERT INTO refinery_schema_history VALUES(1,'installation_and_access','2026-11-21T10:01:53.26080293Z','6476216808966158914');
INSERT INTO refinery_schema_history VALUES(2,'reference_data','2026-11-21T10:01:53.260835689Z','7752468257847828719');
INSERT INTO refinery_schema_history VALUES(3,'clients_and_accounts','2026-11-21T10:01:53.260838393Z','13411731161212021856');
INSERT INTO refinery_schema_history VALUES(4,'ledger','2026-11-21T10:01:53.260841718Z','15503470865938671187');
INSERT INTO refinery_schema_history VALUES(5,'trail','2026-11-21T10:01:53.260844282Z','15042208359090660582');
INSERT INTO refinery_schema_history VALUES(6,'movements_and_jobs','2026-11-21T10:01:53.260847847Z','13662162945496492973');
CREATE TABLE installation (
    id INTEGER PRIMARY KEY CHECK (id = 1), -- always 1: there is one row
    uuid BLOB NOT NULL,                    -- identity of this database, 16 bytes
    mode TEXT NOT NULL CHECK (mode IN ('production', 'sandbox')), -- fixed for good
    timeline INTEGER NOT NULL,             -- rises with every restore, from 1
    hash_key BLOB NOT NULL,                -- 32 random bytes: key of the hashes of idempotency keys and commands
    clock_ahead_ms INTEGER NOT NULL,       -- how far the clock of a sandbox was moved ahead; 0 in production
    created_at INTEGER NOT NULL            -- milliseconds since 1970, UTC; so are all columns that end in _at
) STRICT;
INSERT INTO installation VALUES(1,X'01a1fd8e237a7dc7bc435f057b88439f','sandbox',1,X'f93ef2aaf697cb29cc18806d141448d5f2d3b29de9a2dc7561947529f5f896f7',0,1795255313274);
CREATE TABLE counters (
    name TEXT PRIMARY KEY,                 -- what is counted
    last INTEGER NOT NULL                  -- the number issued last; numbers are never issued twice
) STRICT, WITHOUT ROWID;
INSERT INTO counters VALUES('account',1);
CREATE TABLE principals (
    id INTEGER PRIMARY KEY,                -- row of the principal; 1 is the system itself
    uuid BLOB NOT NULL UNIQUE,             -- public id
    kind TEXT NOT NULL CHECK (kind IN ('system', 'operator')), -- who it is
    name TEXT NOT NULL,                    -- login name as it was entered
    name_folded TEXT NOT NULL UNIQUE,      -- the same without regard to case
    role TEXT NOT NULL CHECK (role IN ('admin', 'operator', 'viewer', 'auditor')), -- what it may do
    password_hash TEXT,                    -- Argon2id in PHC form; none: cannot log in
    created_at INTEGER NOT NULL,           -- when it was added
    disabled_at INTEGER                    -- when it was disabled, with all its tokens
) STRICT;
INSERT INTO principals VALUES(1,X'01a1fd8e237a74ca9b4283cbf0afaf86','system','system','system','admin',NULL,1795255313274,NULL);
INSERT INTO principals VALUES(2,X'01a1fd8e240c7ffcb665f4be706c7c1c','operator','dev','dev','admin','$argon2id$v=19$m=19456,t=2,p=1$yZwgUa+97g8zez98IZHhoA$W5mLla55w5ul+xg2yvt9iGzp+X0ObfIKXityZYFE+e8',1795255313420,NULL);
CREATE TABLE principal_tags (
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- the operator
    tag TEXT NOT NULL,                     -- a tag that it sees; an operator without tags sees everything
    PRIMARY KEY (principal_id, tag)
) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
    id INTEGER PRIMARY KEY,                -- row of the token
    uuid BLOB NOT NULL UNIQUE,             -- public id, for listing and revoking
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- whose it is
    kind TEXT NOT NULL CHECK (kind IN ('login', 'long_lived')), -- how it was made
    label TEXT NOT NULL,                   -- what it is for, in the operator's words
    hash BLOB NOT NULL UNIQUE,             -- SHA-256 of the token; the token itself is not kept
    scopes TEXT,                           -- JSON array of rights; none: all that the role allows
    tags TEXT,                             -- JSON array of tags that narrow the operator's; none: no narrowing
    networks TEXT,                         -- JSON array of networks it may come from; none: any that is allowed
    created_at INTEGER NOT NULL,           -- when it was made
    expires_at INTEGER,                    -- when it ends; none: it does not
    revoked_at INTEGER                     -- when it was taken back
) STRICT;
INSERT INTO tokens VALUES(1,X'01a1fd8e26b57405bba1f2147085a8bd',2,'long_lived','bursar serve --dev',X'0e33a531ca725dec0a1b9daab8d7ca3f691dfde37a62c562416969cd1423deba',NULL,NULL,NULL,1795255314101,NULL,NULL);
CREATE TABLE signing_keys (
    id INTEGER PRIMARY KEY,                -- row of the key
    kid TEXT NOT NULL UNIQUE,              -- key id in tokens and in the published key set
    algorithm TEXT NOT NULL CHECK (algorithm IN ('EdDSA')), -- how it signs
    private_key BLOB NOT NULL,             -- PKCS#8
    public_key BLOB NOT NULL,              -- raw public key
    created_at INTEGER NOT NULL,           -- when it was made; the newest one that is not retired signs
    retired_at INTEGER,                    -- when it stopped signing
    withdrawn_at INTEGER                   -- when it leaves the published key set
) STRICT;
INSERT INTO signing_keys VALUES(1,'01a1fd8e237a77e499424a63f1796534','EdDSA',X'3051020101300506032b657004220420fe54f672ae576bd665b480e54e8af41f9b64dae9c35b6d7357e2032032efcaba81210060053fe0fc91f97273aadad4f41b230c6011026f27345b6669c9e75b8212add6',X'60053fe0fc91f97273aadad4f41b230c6011026f27345b6669c9e75b8212add6',1795255313274,NULL,NULL);
CREATE TABLE currencies (
    id INTEGER PRIMARY KEY,                -- serial
    code TEXT NOT NULL UNIQUE,             -- ISO 4217 or crypto code, upper case
    name TEXT NOT NULL,                    -- English name
    numeric_code INTEGER,                  -- ISO 4217 number; none for crypto
    decimals INTEGER NOT NULL CHECK (decimals BETWEEN 0 AND 8), -- minor units are 10^-decimals; fixed for good
    is_crypto INTEGER NOT NULL CHECK (is_crypto IN (0, 1)), -- whether it is a crypto currency
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)) -- whether accounts may be opened in it
) STRICT;
INSERT INTO currencies VALUES(1,'USD','US Dollar',840,2,0,1);
INSERT INTO currencies VALUES(2,'EUR','Euro',978,2,0,1);
CREATE TABLE platforms (
    id INTEGER PRIMARY KEY,                -- serial
    code TEXT NOT NULL UNIQUE,             -- key in the reference file
    name TEXT NOT NULL,                    -- its name
    type TEXT NOT NULL                     -- what software it is, such as personal or MetaTrader5
) STRICT;
INSERT INTO platforms VALUES(1,'wallets','Wallets','personal');
INSERT INTO platforms VALUES(2,'trading','Trading','wrapper');
CREATE TABLE account_groups (
    id INTEGER PRIMARY KEY,                -- serial, in order of creation
    uuid BLOB NOT NULL UNIQUE,             -- public id
    code TEXT NOT NULL UNIQUE,             -- key in the reference file
    name TEXT NOT NULL,                    -- its name
    description TEXT NOT NULL,             -- what it is for
    platform_id INTEGER NOT NULL REFERENCES platforms (id), -- where its accounts live
    kind TEXT NOT NULL CHECK (kind IN ('trading', 'wallet')), -- what its accounts are
    demo INTEGER NOT NULL CHECK (demo IN (0, 1)), -- whether its accounts are demo accounts; fixed for good
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)), -- whether accounts may join it
    status TEXT NOT NULL CHECK (status IN ('full', 'close_only', 'disabled', 'long_only')), -- what its accounts may trade
    label TEXT NOT NULL,                   -- a label to sort groups by; empty for none
    max_leverage INTEGER NOT NULL CHECK (max_leverage >= 1), -- leverage of accounts that ask for none
    margin_call_level TEXT NOT NULL,       -- margin level of the margin call in percent, decimal text
    stop_out_level TEXT NOT NULL,          -- margin level of the stop-out in percent, decimal text
    negative_balance_protection INTEGER NOT NULL CHECK (negative_balance_protection IN (0, 1)), -- whether losses beyond the balance are taken over
    swap_free INTEGER NOT NULL CHECK (swap_free IN (0, 1)), -- whether positions bear no swap
    margin_calculation TEXT NOT NULL CHECK (margin_calculation IN ('sum', 'max', 'net')), -- how margin is summed up
    deposit_hold_days INTEGER NOT NULL CHECK (deposit_hold_days >= 0), -- days until a deposit from outside is available
    new_client_hold_days INTEGER NOT NULL CHECK (new_client_hold_days >= 0), -- the same, counted from the client's first day
    requires_approval INTEGER NOT NULL CHECK (requires_approval IN (0, 1)), -- whether debits to the outside take a second operator
    minimum_balance TEXT NOT NULL          -- how far below zero its accounts may be allowed to go, decimal text
) STRICT;
INSERT INTO account_groups VALUES(1,X'01a1fd8e24007e35aeed9a675946b7c5','live-standard','Standard','Live trading for retail clients',2,'trading',0,1,'full','Retail',30,'100','50',1,0,'sum',0,0,0,'0');
INSERT INTO account_groups VALUES(2,X'01a1fd8e240075ca97606f815b5ba4c0','live-pro','Professional','Live trading for clients classified as professional',2,'trading',0,1,'full','Professional',500,'100','30',0,0,'max',0,0,0,'0');
INSERT INTO account_groups VALUES(3,X'01a1fd8e24007778a499324750458374','live-swap-free','Swap-free','Live trading without overnight interest',2,'trading',0,1,'full','Retail',30,'100','50',1,1,'sum',0,0,0,'0');
INSERT INTO account_groups VALUES(4,X'01a1fd8e24007f878c21ac1aed71791e','live-wallet','Wallet','Live money outside trading: deposits, withdrawals and transfers',1,'wallet',0,1,'full','',1,'0','0',0,0,'sum',0,0,0,'0');
INSERT INTO account_groups VALUES(5,X'01a1fd8e24007a74a91fefe81b845da9','demo-standard','Demo Standard','Practice trading under the terms of Standard',2,'trading',1,1,'full','Demo',30,'100','50',1,0,'sum',0,0,0,'0');
INSERT INTO account_groups VALUES(6,X'01a1fd8e24007e80a12a2c301c6477f8','demo-pro','Demo Professional','Practice trading under the terms of Professional',2,'trading',1,1,'full','Demo',500,'100','30',0,0,'max',0,0,0,'0');
INSERT INTO account_groups VALUES(7,X'01a1fd8e24007f2798cb0c8124021182','demo-wallet','Demo Wallet','Practice money outside trading',1,'wallet',1,1,'full','Demo',1,'0','0',0,0,'sum',0,0,0,'0');
CREATE TABLE group_currencies (
    id INTEGER PRIMARY KEY,                -- serial of the pair, a public id in some dialects
    group_id INTEGER NOT NULL REFERENCES account_groups (id), -- the group
    currency_id INTEGER NOT NULL REFERENCES currencies (id), -- a currency that it offers
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)), -- whether it still does
    UNIQUE (group_id, currency_id)
) STRICT;
INSERT INTO group_currencies VALUES(1,1,1,1);
INSERT INTO group_currencies VALUES(2,1,2,1);
INSERT INTO group_currencies VALUES(3,2,1,1);
INSERT INTO group_currencies VALUES(4,2,2,1);
INSERT INTO group_currencies VALUES(5,3,1,1);
INSERT INTO group_currencies VALUES(6,3,2,1);
INSERT INTO group_currencies VALUES(7,4,1,1);
INSERT INTO group_currencies VALUES(8,4,2,1);
INSERT INTO group_currencies VALUES(9,5,1,1);
INSERT INTO group_currencies VALUES(10,5,2,1);
INSERT INTO group_currencies VALUES(11,6,1,1);
INSERT INTO group_currencies VALUES(12,6,2,1);
INSERT INTO group_currencies VALUES(13,7,1,1);
INSERT INTO group_currencies VALUES(14,7,2,1);
CREATE TABLE organizations (
    id INTEGER PRIMARY KEY,                -- row; 1 is the default organization
    uuid BLOB NOT NULL UNIQUE,             -- public id
    name TEXT NOT NULL,                    -- its name
    created_at INTEGER NOT NULL            -- when it was created
) STRICT;
INSERT INTO organizations VALUES(1,X'01a1fd8e237a711395e90fec57842075','Default',1795255313274);
CREATE TABLE ledgers (
    id INTEGER PRIMARY KEY,                -- row; 1 is the default ledger
    uuid BLOB NOT NULL UNIQUE,             -- public id
    organization_id INTEGER NOT NULL REFERENCES organizations (id), -- whose books it keeps
    name TEXT NOT NULL,                    -- its name
    created_at INTEGER NOT NULL            -- when it was created
) STRICT;
INSERT INTO ledgers VALUES(1,X'01a1fd8e237a71c0857d214db8c8a5fd',1,'Default',1795255313274);
CREATE TABLE profiles (
    id INTEGER PRIMARY KEY,                -- serial, in order of creation
    uuid BLOB NOT NULL UNIQUE,             -- public id
    email TEXT NOT NULL,                   -- e-mail address as it was entered
    email_folded TEXT NOT NULL UNIQUE,     -- the same without regard to case
    first_name TEXT NOT NULL,              -- given name; unset texts are empty
    last_name TEXT NOT NULL,               -- family name
    ip_address TEXT NOT NULL,              -- where the client signed up from, as the caller noted it
    language TEXT NOT NULL,                -- preferred language
    address TEXT NOT NULL,                 -- street and number
    zip_code TEXT NOT NULL,                -- postal code
    city TEXT NOT NULL,                    -- city
    state TEXT NOT NULL,                   -- state or province
    country TEXT NOT NULL,                 -- country
    phone TEXT NOT NULL,                   -- phone number
    company TEXT NOT NULL,                 -- company
    meta_data TEXT NOT NULL,               -- free-form text of the caller
    birth_date TEXT NOT NULL,              -- date of birth, as the caller noted it
    timezone TEXT NOT NULL,                -- time zone
    password_hash TEXT,                    -- Argon2id in PHC form; none: no end-user sessions
    version INTEGER NOT NULL CHECK (version >= 1), -- rises with every change
    created_at INTEGER NOT NULL,           -- when it was created
    updated_at INTEGER NOT NULL            -- when it was last changed
) STRICT;
INSERT INTO profiles VALUES(1,X'01a1fd8e2a5173c2a3af1faf5e5fbc8d','jane.doe@example.com','jane.doe@example.com','Jane','Doe','','','','','','','','','','','','',NULL,1,1795255315025,1795255315025);
CREATE TABLE profile_tags (
    profile_id INTEGER NOT NULL REFERENCES profiles (id), -- the profile
    tag TEXT NOT NULL,                     -- a label that lets operators with the same tag see it
    PRIMARY KEY (profile_id, tag)
) STRICT, WITHOUT ROWID;
CREATE TABLE portfolios (
    id INTEGER PRIMARY KEY,                -- serial
    uuid BLOB NOT NULL UNIQUE,             -- public id
    ledger_id INTEGER NOT NULL REFERENCES ledgers (id), -- the ledger of its accounts
    profile_id INTEGER NOT NULL REFERENCES profiles (id), -- whose it is
    name TEXT NOT NULL,                    -- its name
    is_default INTEGER NOT NULL CHECK (is_default IN (0, 1)), -- whether new accounts of the profile join it
    last_account_serial INTEGER NOT NULL,  -- the serial issued last inside it; never issued again
    created_at INTEGER NOT NULL            -- when it was created
) STRICT;
INSERT INTO portfolios VALUES(1,X'01a1fd8e2a6776baaaa3fd49d04da6b2',1,1,'Default',1,1,1795255315047);
CREATE TABLE books (
    id INTEGER PRIMARY KEY,                -- row; a client account has the same number
    ledger_id INTEGER NOT NULL REFERENCES ledgers (id), -- the ledger it belongs to; entries never cross ledgers
    currency_id INTEGER NOT NULL REFERENCES currencies (id), -- its currency
    demo INTEGER NOT NULL CHECK (demo IN (0, 1)), -- entries never join demo with live
    role TEXT NOT NULL,                    -- 'client', or the name of the house account
    balance_minor INTEGER NOT NULL,        -- sum of its postings
    held_minor INTEGER NOT NULL CHECK (held_minor >= 0), -- sum of its active holds
    uncleared_minor INTEGER NOT NULL CHECK (uncleared_minor >= 0), -- settled deposits that are not available yet
    pending_minor INTEGER NOT NULL CHECK (pending_minor >= 0), -- announced deposits, not part of the balance
    credit_net_minor INTEGER NOT NULL      -- net sum of its CREDIT postings
) STRICT;
INSERT INTO books VALUES(1,1,1,0,'client',499766,0,0,0,0);
INSERT INTO books VALUES(2,1,1,0,'bank',-499766,0,0,0,0);
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY REFERENCES books (id), -- its book
    uuid BLOB NOT NULL UNIQUE,             -- public id
    serial INTEGER NOT NULL UNIQUE,        -- from the counter that accounts share with external accounts
    number TEXT NOT NULL UNIQUE,           -- account number; never reused
    profile_id INTEGER NOT NULL REFERENCES profiles (id), -- primary owner
    group_id INTEGER NOT NULL REFERENCES account_groups (id), -- the group whose rules apply
    portfolio_id INTEGER NOT NULL REFERENCES portfolios (id), -- the portfolio it belongs to
    portfolio_serial INTEGER NOT NULL,     -- its serial inside the portfolio
    spread_betting INTEGER NOT NULL CHECK (spread_betting IN (0, 1)), -- fixed for good
    position_mode TEXT CHECK (position_mode IN ('netting', 'hedging')), -- none: left to the platform; fixed for good
    margin_calculation TEXT CHECK (margin_calculation IN ('sum', 'max', 'net')), -- none: as the group; fixed for good
    trade_status TEXT NOT NULL CHECK (trade_status IN ('full', 'close_only', 'disabled', 'long_only')), -- governs trading only
    max_leverage INTEGER NOT NULL CHECK (max_leverage >= 0), -- leverage cap
    nop_limit_minor INTEGER NOT NULL CHECK (nop_limit_minor >= 0), -- limit of the net open position; 0: none
    daily_statement INTEGER NOT NULL CHECK (daily_statement IN (0, 1)), -- whether daily statements are wanted
    lifecycle TEXT NOT NULL CHECK (lifecycle IN ('pending_approval', 'active', 'inactive', 'dormant', 'closing', 'closed')), -- where it is in its life
    lock TEXT NOT NULL CHECK (lock IN ('none', 'credits_only', 'debits_only', 'full')), -- what still passes
    lock_holder TEXT CHECK (lock_holder IN ('customer', 'system')), -- whose lock it is; none: not locked
    lock_reason TEXT,                      -- three-letter code of why it is locked; none: not locked
    allow_credits INTEGER NOT NULL CHECK (allow_credits IN (0, 1)), -- whether money may come in
    allow_debits INTEGER NOT NULL CHECK (allow_debits IN (0, 1)), -- whether money may go out
    minimum_minor INTEGER NOT NULL CHECK (minimum_minor <= 0), -- how far below zero it may go
    version INTEGER NOT NULL CHECK (version >= 1), -- rises with every change of settings
    created_at INTEGER NOT NULL,           -- when it was opened
    updated_at INTEGER NOT NULL,           -- when its settings last changed
    closed_at INTEGER,                     -- when it was archived
    UNIQUE (portfolio_id, portfolio_serial)
) STRICT;
INSERT INTO accounts VALUES(1,X'01a1fd8e2a6779e8b56e2baa41978943',1,'2100000001',1,1,1,1,0,NULL,NULL,'full',30,0,0,'active','none',NULL,NULL,1,1,0,1,1795255315047,1795255315047,NULL);
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,                -- row of the session
    uuid BLOB NOT NULL UNIQUE,             -- the jti of its token
    profile_id INTEGER NOT NULL REFERENCES profiles (id), -- the end user
    issued_at INTEGER NOT NULL,            -- when it began
    expires_at INTEGER NOT NULL,           -- when its token ends
    revoked_at INTEGER                     -- when it was ended early, for instance by a change of password
) STRICT;
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,               -- dense sequence number, from 1
    uuid BLOB NOT NULL UNIQUE,             -- public id, UUIDv7; also the id of the deal
    kind TEXT NOT NULL,                    -- what it is, such as balance or fee
    effective_at INTEGER NOT NULL,         -- when it counts
    recorded_at INTEGER NOT NULL,          -- when it was written; never decreases
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- who wrote it
    tag TEXT,                              -- the caller's own reference
    reverses_seq INTEGER REFERENCES entries (seq), -- the entry that it reverses
    comment_salt BLOB,                     -- salt of comment_hash; erased together with the comment
    comment_hash BLOB,                     -- SHA-256 of salt and comment: all of the comment that the chain knows
    legs BLOB NOT NULL,                    -- book, amount, balance after: 8 bytes each, big-endian, for every posting
    hash BLOB NOT NULL                     -- SHA-256 over the predecessor's hash and this entry
) STRICT;
INSERT INTO entries VALUES(1,X'01a1fd8e2a88776fa8e6ef5146935d86','balance',1795255315080,1795255315080,2,NULL,NULL,X'178251c0a31c93f4f382c107db9ecdc9',X'c74c6fa78546b6b81c77ddec61ceb78cbc534113894663fe58b8ec5c02eeb1f5',X'000000000000000100000000000186a000000000000186a00000000000000002fffffffffffe7960fffffffffffe7960',X'261adaa9555a49f7f58caf4cca5d31298ce97984765b8ee5395dced2f0e04237');
INSERT INTO entries VALUES(2,X'01a1fd8e2a96747398bcbeeed7383427','balance',1795255315094,1795255315094,2,NULL,NULL,X'215795fda8aa13340b49c89683672bd1',X'9ded95b2a12c6aaab1f6cd17c7f70c30d8a5ea1218e1aabfff35ad3651e74c32',X'000000000000000100000000000187040000000000030da40000000000000002fffffffffffe78fcfffffffffffcf25c',X'3cd43a67c87db17bebd8542be75d62b0154bc93b7368d73ef29018b8ad23a796');
INSERT INTO entries VALUES(3,X'01a1fd8e2aa4793a8863735493bba9b8','balance',1795255315108,1795255315108,2,NULL,NULL,X'23026e0e42553c465c13e19c24d9aa9c',X'dbc5b616d107cb9b7ea08d766432387549721a47608bd1abe4575893ae633fb5',X'00000000000000010000000000018768000000000004950c0000000000000002fffffffffffe7898fffffffffffb6af4',X'd96bdc8fbd9563b1e160fca9d58cc95e5660fa220dc46c7e9b3a38d0c0d28953');
INSERT INTO entries VALUES(4,X'01a1fd8e2aaf7ab4b475d21e3bca6a85','balance',1795255315119,1795255315119,2,NULL,NULL,X'd296d5ec6c33010f4bd9f490eeb9550d',X'cc44d8bf8413c94c021fb7e19a9b4e5921072afbd51dea36d1d23d2c903858b5',X'000000000000000100000000000187cc0000000000061cd80000000000000002fffffffffffe7834fffffffffff9e328',X'26157cf86593e8bb3fbe2d74984e4cc1ec14895f439af2310edf7b384da00f5f');
INSERT INTO entries VALUES(5,X'01a1fd8e2ab67db5b285ac09fc6508a6','balance',1795255315126,1795255315126,2,NULL,NULL,X'87c194c16ab8ee67a874b2b9642693ef',X'4f8fdde5ce1174468540a2cc5da0a0c457c8c9f2ecffa04ad3f9302a25de9413',X'00000000000000010000000000018830000000000007a5080000000000000002fffffffffffe77d0fffffffffff85af8',X'e21d977e4c6e21bc953e2c05beb428ba4b11a06e565c17a8f5215212f3cc1093');
INSERT INTO entries VALUES(6,X'01a1fd8e2abe74b980f9b799b0691619','balance',1795255315134,1795255315134,2,NULL,NULL,NULL,NULL,X'0000000000000001fffffffffffffb2e000000000007a036000000000000000200000000000004d2fffffffffff85fca',X'ad6104a249144b92c171958fd60275e170d4cc50d1f6df4cf0c13be891024776');
CREATE TABLE postings (
    book_id INTEGER NOT NULL REFERENCES books (id), -- the book
    entry_seq INTEGER NOT NULL REFERENCES entries (seq), -- the entry; at most one posting of it on a book
    amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0), -- what the book gains, or loses if below zero
    balance_minor INTEGER NOT NULL,        -- the book's balance after it
    recorded_at INTEGER NOT NULL,          -- as in the entry
    kind TEXT NOT NULL,                    -- as in the entry
    entry_uuid BLOB,                       -- as in the entry; none on house books
    comment TEXT,                          -- the comment; none on house books
    PRIMARY KEY (book_id, entry_seq)
) STRICT, WITHOUT ROWID;
INSERT INTO postings VALUES(1,1,100000,100000,1795255315080,'balance',X'01a1fd8e2a88776fa8e6ef5146935d86','Wire');
INSERT INTO postings VALUES(1,2,100100,200100,1795255315094,'balance',X'01a1fd8e2a96747398bcbeeed7383427','Wire');
INSERT INTO postings VALUES(1,3,100200,300300,1795255315108,'balance',X'01a1fd8e2aa4793a8863735493bba9b8','Wire');
INSERT INTO postings VALUES(1,4,100300,400600,1795255315119,'balance',X'01a1fd8e2aaf7ab4b475d21e3bca6a85','Wire');
INSERT INTO postings VALUES(1,5,100400,501000,1795255315126,'balance',X'01a1fd8e2ab67db5b285ac09fc6508a6','Wire');
INSERT INTO postings VALUES(1,6,-1234,499766,1795255315134,'balance',X'01a1fd8e2abe74b980f9b799b0691619',NULL);
INSERT INTO postings VALUES(2,1,-100000,-100000,1795255315080,'balance',NULL,NULL);
INSERT INTO postings VALUES(2,2,-100100,-200100,1795255315094,'balance',NULL,NULL);
INSERT INTO postings VALUES(2,3,-100200,-300300,1795255315108,'balance',NULL,NULL);
INSERT INTO postings VALUES(2,4,-100300,-400600,1795255315119,'balance',NULL,NULL);
INSERT INTO postings VALUES(2,5,-100400,-501000,1795255315126,'balance',NULL,NULL);
INSERT INTO postings VALUES(2,6,1234,-499766,1795255315134,'balance',NULL,NULL);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,               -- gapless sequence number, from 1
    type TEXT NOT NULL,                    -- what happened, such as account.opened
    object_uuid BLOB NOT NULL,             -- the thing that it happened to
    profile_id INTEGER REFERENCES profiles (id), -- the client whose tags decide who sees it; none: no client
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- who did it
    recorded_at INTEGER NOT NULL,          -- when
    payload TEXT NOT NULL                  -- the thing as it is afterwards, JSON
) STRICT;
INSERT INTO events VALUES(1,'reference.changed',X'01a1fd8e237a7dc7bc435f057b88439f',NULL,1,1795255313408,'[{"action":"create","kind":"currency","code":"USD"},{"action":"create","kind":"currency","code":"EUR"},{"action":"create","kind":"platform","code":"wallets"},{"action":"create","kind":"platform","code":"trading"},{"action":"create","kind":"group","code":"live-standard"},{"action":"create","kind":"group","code":"live-pro"},{"action":"create","kind":"group","code":"live-swap-free"},{"action":"create","kind":"group","code":"live-wallet"},{"action":"create","kind":"group","code":"demo-standard"},{"action":"create","kind":"group","code":"demo-pro"},{"action":"create","kind":"group","code":"demo-wallet"}]');
INSERT INTO events VALUES(2,'profile.created',X'01a1fd8e2a5173c2a3af1faf5e5fbc8d',1,2,1795255315025,'{"serial":1,"id":"01a1fd8e-2a51-73c2-a3af-1faf5e5fbc8d","details":{"email":"jane.doe@example.com","first_name":"Jane","last_name":"Doe","ip_address":"","language":"","address":"","zip_code":"","city":"","state":"","country":"","phone":"","company":"","meta_data":"","birth_date":"","timezone":""},"tags":[],"version":1,"created_at":1795255315025,"updated_at":1795255315025}');
INSERT INTO events VALUES(3,'account.opened',X'01a1fd8e2a6779e8b56e2baa41978943',1,2,1795255315047,'{"id":"01a1fd8e-2a67-79e8-b56e-2baa41978943","book":1,"serial":1,"number":"2100000001","profile":"01a1fd8e-2a51-73c2-a3af-1faf5e5fbc8d","group":"01a1fd8e-2400-7e35-aeed-9a675946b7c5","portfolio":"01a1fd8e-2a67-76ba-aaa3-fd49d04da6b2","portfolio_serial":1,"currency":"USD","decimals":2,"is_demo":false,"is_spread_betting":false,"position_mode":null,"margin_calculation_override":null,"trade_status":"full","max_leverage":30,"net_open_position_limit":0,"wants_daily_statement":false,"lifecycle":"active","lock":"none","lock_holder":null,"lock_reason":null,"allows_credits":true,"allows_debits":true,"balances":{"balance":0,"held":0,"uncleared":0,"pending":0,"credit_net":0,"minimum":0},"version":1,"created_at":1795255315047,"updated_at":1795255315047,"closed_at":null}');
INSERT INTO events VALUES(4,'entry.posted',X'01a1fd8e2a88776fa8e6ef5146935d86',1,2,1795255315080,'{"id":"01a1fd8e-2a88-776f-a8e6-ef5146935d86","seq":1,"kind":"balance","recorded_at":"2026-11-21T10:01:55.080Z","postings":[{"account":"01a1fd8e-2a67-79e8-b56e-2baa41978943","currency":1,"amount_minor":100000,"balance_minor":100000},{"house":"bank","currency":1,"amount_minor":-100000,"balance_minor":-100000}]}');
INSERT INTO events VALUES(5,'entry.posted',X'01a1fd8e2a96747398bcbeeed7383427',1,2,1795255315094,'{"id":"01a1fd8e-2a96-7473-98bc-beeed7383427","seq":2,"kind":"balance","recorded_at":"2026-11-21T10:01:55.094Z","postings":[{"account":"01a1fd8e-2a67-79e8-b56e-2baa41978943","currency":1,"amount_minor":100100,"balance_minor":200100},{"house":"bank","currency":1,"amount_minor":-100100,"balance_minor":-200100}]}');
INSERT INTO events VALUES(6,'entry.posted',X'01a1fd8e2aa4793a8863735493bba9b8',1,2,1795255315108,'{"id":"01a1fd8e-2aa4-793a-8863-735493bba9b8","seq":3,"kind":"balance","recorded_at":"2026-11-21T10:01:55.108Z","postings":[{"account":"01a1fd8e-2a67-79e8-b56e-2baa41978943","currency":1,"amount_minor":100200,"balance_minor":300300},{"house":"bank","currency":1,"amount_minor":-100200,"balance_minor":-300300}]}');
INSERT INTO events VALUES(7,'entry.posted',X'01a1fd8e2aaf7ab4b475d21e3bca6a85',1,2,1795255315119,'{"id":"01a1fd8e-2aaf-7ab4-b475-d21e3bca6a85","seq":4,"kind":"balance","recorded_at":"2026-11-21T10:01:55.119Z","postings":[{"account":"01a1fd8e-2a67-79e8-b56e-2baa41978943","currency":1,"amount_minor":100300,"balance_minor":400600},{"house":"bank","currency":1,"amount_minor":-100300,"balance_minor":-400600}]}');
INSERT INTO events VALUES(8,'entry.posted',X'01a1fd8e2ab67db5b285ac09fc6508a6',1,2,1795255315126,'{"id":"01a1fd8e-2ab6-7db5-b285-ac09fc6508a6","seq":5,"kind":"balance","recorded_at":"2026-11-21T10:01:55.126Z","postings":[{"account":"01a1fd8e-2a67-79e8-b56e-2baa41978943","currency":1,"amount_minor":100400,"balance_minor":501000},{"house":"bank","currency":1,"amount_minor":-100400,"balance_minor":-501000}]}');
INSERT INTO events VALUES(9,'entry.posted',X'01a1fd8e2abe74b980f9b799b0691619',1,2,1795255315134,'{"id":"01a1fd8e-2abe-74b9-80f9-b799b0691619","seq":6,"kind":"balance","recorded_at":"2026-11-21T10:01:55.134Z","postings":[{"account":"01a1fd8e-2a67-79e8-b56e-2baa41978943","currency":1,"amount_minor":-1234,"balance_minor":499766},{"house":"bank","currency":1,"amount_minor":1234,"balance_minor":-499766}]}');
CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY,                -- sequence number of the row
    recorded_at INTEGER NOT NULL,          -- when
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- who
    token_uuid BLOB,                       -- with which token; none for commands on the machine itself
    action TEXT NOT NULL,                  -- what, such as deposit
    object_uuid BLOB,                      -- on which thing
    request_uuid BLOB,                     -- in which request
    address TEXT,                          -- from where
    event_seq INTEGER                      -- the first event of it
) STRICT;
INSERT INTO audit_log VALUES(1,1795255313408,1,NULL,'reference.apply',X'01a1fd8e237a7dc7bc435f057b88439f',X'01a1fd8e23fa7849a8012450c609bbe6',NULL,1);
INSERT INTO audit_log VALUES(2,1795255313420,1,NULL,'operator.add',NULL,X'01a1fd8e23fa7849a8012450c609bbe6',NULL,NULL);
INSERT INTO audit_log VALUES(3,1795255314081,1,NULL,'operator.reset_password',NULL,X'01a1fd8e25cf797b8c7ffbcd33d971c5',NULL,NULL);
INSERT INTO audit_log VALUES(4,1795255314101,1,NULL,'token.create',NULL,X'01a1fd8e25cf797b8c7ffbcd33d971c5',NULL,NULL);
INSERT INTO audit_log VALUES(5,1795255315025,2,X'01a1fd8e26b57405bba1f2147085a8bd','profile.create',X'01a1fd8e2a5173c2a3af1faf5e5fbc8d',X'01a1fd8e2a507e78bc827df63c35e25a','127.0.0.1',2);
INSERT INTO audit_log VALUES(6,1795255315047,2,X'01a1fd8e26b57405bba1f2147085a8bd','account.open',X'01a1fd8e2a6779e8b56e2baa41978943',X'01a1fd8e2a667754b61288ae86f26919','127.0.0.1',3);
INSERT INTO audit_log VALUES(7,1795255315080,2,X'01a1fd8e26b57405bba1f2147085a8bd','funds.post',X'01a1fd8e2a88776fa8e6ef5146935d86',X'01a1fd8e2a8275959dd7f009a8dfdbed','127.0.0.1',4);
INSERT INTO audit_log VALUES(8,1795255315094,2,X'01a1fd8e26b57405bba1f2147085a8bd','funds.post',X'01a1fd8e2a96747398bcbeeed7383427',X'01a1fd8e2a967a1e849bebccf3b32fb7','127.0.0.1',5);
INSERT INTO audit_log VALUES(9,1795255315108,2,X'01a1fd8e26b57405bba1f2147085a8bd','funds.post',X'01a1fd8e2aa4793a8863735493bba9b8',X'01a1fd8e2aa2704cbc38a9681d1466fa','127.0.0.1',6);
INSERT INTO audit_log VALUES(10,1795255315119,2,X'01a1fd8e26b57405bba1f2147085a8bd','funds.post',X'01a1fd8e2aaf7ab4b475d21e3bca6a85',X'01a1fd8e2aaf7d6e8d9d83bafe5e43ce','127.0.0.1',7);
INSERT INTO audit_log VALUES(11,1795255315126,2,X'01a1fd8e26b57405bba1f2147085a8bd','funds.post',X'01a1fd8e2ab67db5b285ac09fc6508a6',X'01a1fd8e2ab67e0caa75add5c82ddc4c','127.0.0.1',8);
INSERT INTO audit_log VALUES(12,1795255315134,2,X'01a1fd8e26b57405bba1f2147085a8bd','funds.post',X'01a1fd8e2abe74b980f9b799b0691619',X'01a1fd8e2abe740e94981754dce3bc37','127.0.0.1',9);
CREATE TABLE idempotency_state (
    id INTEGER PRIMARY KEY CHECK (id = 1), -- always 1: there is one row
    generation INTEGER NOT NULL,           -- generation modulo 3 names the table that is written to
    started_at INTEGER NOT NULL            -- when this generation began
) STRICT;
INSERT INTO idempotency_state VALUES(1,0,1795255313274);
CREATE TABLE idempotency_0 (
    key_hash BLOB PRIMARY KEY,             -- keyed hash of principal and key, 16 bytes
    command_hash BLOB NOT NULL,            -- keyed hash of the command, 16 bytes
    outcome TEXT NOT NULL                  -- what the command led to, JSON
) STRICT, WITHOUT ROWID;
CREATE TABLE idempotency_1 (
    key_hash BLOB PRIMARY KEY,             -- as in idempotency_0
    command_hash BLOB NOT NULL,            -- as in idempotency_0
    outcome TEXT NOT NULL                  -- as in idempotency_0
) STRICT, WITHOUT ROWID;
CREATE TABLE idempotency_2 (
    key_hash BLOB PRIMARY KEY,             -- as in idempotency_0
    command_hash BLOB NOT NULL,            -- as in idempotency_0
    outcome TEXT NOT NULL                  -- as in idempotency_0
) STRICT, WITHOUT ROWID;
CREATE TABLE movements (
    id INTEGER PRIMARY KEY,                -- serial, a public id in some dialects
    uuid BLOB NOT NULL UNIQUE,             -- public id
    kind TEXT NOT NULL CHECK (kind IN ('deposit', 'withdrawal', 'transfer', 'hold')), -- what it is
    account_id INTEGER NOT NULL REFERENCES accounts (id), -- the account; of a transfer, the one that pays
    to_account_id INTEGER REFERENCES accounts (id), -- of a transfer, the account that receives
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), -- how much, in the account's currency
    posted_minor INTEGER NOT NULL CHECK (posted_minor BETWEEN 0 AND amount_minor), -- how much of it was posted
    state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'posted', 'voided', 'expired')), -- where it is in its life
    reason TEXT NOT NULL,                  -- why, in the caller's words
    reference TEXT,                        -- the caller's own reference; unique among movements of its kind
    requested_by INTEGER NOT NULL REFERENCES principals (id), -- who asked for it
    approved_by INTEGER REFERENCES principals (id), -- who approved it
    expires_at INTEGER,                    -- when it ends by itself
    clears_at INTEGER,                     -- of a posted deposit: when its funds become available
    uncleared_minor INTEGER NOT NULL CHECK (uncleared_minor >= 0), -- how much of it is not available yet
    entry_seq INTEGER REFERENCES entries (seq), -- the entry that posted it
    created_at INTEGER NOT NULL,           -- when it was asked for
    updated_at INTEGER NOT NULL            -- when it last changed
) STRICT;
INSERT INTO movements VALUES(1,X'01a1fd8e2a887b27a25f1019b73de515','deposit',1,NULL,100000,100000,'posted','',NULL,2,NULL,NULL,NULL,0,1,1795255315080,1795255315080);
INSERT INTO movements VALUES(2,X'01a1fd8e2a96717ea935c46e7b3d7998','deposit',1,NULL,100100,100100,'posted','',NULL,2,NULL,NULL,NULL,0,2,1795255315094,1795255315094);
INSERT INTO movements VALUES(3,X'01a1fd8e2aa47bb6a2615cc8ed169541','deposit',1,NULL,100200,100200,'posted','',NULL,2,NULL,NULL,NULL,0,3,1795255315108,1795255315108);
INSERT INTO movements VALUES(4,X'01a1fd8e2aaf738a9a77a40f70eaae61','deposit',1,NULL,100300,100300,'posted','',NULL,2,NULL,NULL,NULL,0,4,1795255315119,1795255315119);
INSERT INTO movements VALUES(5,X'01a1fd8e2ab67cf38f3a63805e5c7045','deposit',1,NULL,100400,100400,'posted','',NULL,2,NULL,NULL,NULL,0,5,1795255315126,1795255315126);
INSERT INTO movements VALUES(6,X'01a1fd8e2abe7ee5a12c14b506667bf9','withdrawal',1,NULL,1234,1234,'posted','',NULL,2,NULL,NULL,NULL,0,6,1795255315134,1795255315134);
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,                -- row of the job
    kind TEXT NOT NULL,                    -- what is to be done
    subject_id INTEGER NOT NULL,           -- on which row
    due_at INTEGER NOT NULL,               -- when it is to run next
    attempts INTEGER NOT NULL,             -- how often it failed
    last_error TEXT,                       -- why it failed last
    UNIQUE (kind, subject_id)
) STRICT;
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 VALUES('ledgers','sqlite_autoindex_ledgers_1','1 1');
INSERT INTO sqlite_stat1 VALUES('organizations','sqlite_autoindex_organizations_1','1 1');
INSERT INTO sqlite_stat1 VALUES('platforms','sqlite_autoindex_platforms_1','2 1');
INSERT INTO sqlite_stat1 VALUES('signing_keys','sqlite_autoindex_signing_keys_1','1 1');
INSERT INTO sqlite_stat1 VALUES('account_groups','sqlite_autoindex_account_groups_2','7 1');
INSERT INTO sqlite_stat1 VALUES('account_groups','sqlite_autoindex_account_groups_1','7 1');
INSERT INTO sqlite_stat1 VALUES('principals','sqlite_autoindex_principals_2','2 1');
INSERT INTO sqlite_stat1 VALUES('principals','sqlite_autoindex_principals_1','2 1');
INSERT INTO sqlite_stat1 VALUES('currencies','sqlite_autoindex_currencies_1','2 1');
INSERT INTO sqlite_stat1 VALUES('group_currencies','sqlite_autoindex_group_currencies_1','14 2 1');
INSERT INTO sqlite_stat1 VALUES('refinery_schema_history','sqlite_autoindex_refinery_schema_history_1','6 1');
INSERT INTO sqlite_stat1 VALUES('counters','counters','1 1');
INSERT INTO sqlite_stat1 VALUES('movements','movements_entry','6 1');
INSERT INTO sqlite_stat1 VALUES('movements','movements_reference','0 0 0');
INSERT INTO sqlite_stat1 VALUES('movements','movements_by_account','6 6 3 1');
INSERT INTO sqlite_stat1 VALUES('movements','sqlite_autoindex_movements_1','6 1');
INSERT INTO sqlite_stat1 VALUES('tokens','tokens_by_principal','1 1');
INSERT INTO sqlite_stat1 VALUES('tokens','sqlite_autoindex_tokens_2','1 1');
INSERT INTO sqlite_stat1 VALUES('tokens','sqlite_autoindex_tokens_1','1 1');
INSERT INTO sqlite_stat1 VALUES('books','books_house','1 1 1 1 1');
INSERT INTO sqlite_stat1 VALUES('books',NULL,'2');
INSERT INTO sqlite_stat1 VALUES('postings','postings','12 6 1');
INSERT INTO sqlite_stat1 VALUES('profiles','sqlite_autoindex_profiles_2','1 1');
INSERT INTO sqlite_stat1 VALUES('profiles','sqlite_autoindex_profiles_1','1 1');
INSERT INTO sqlite_stat1 VALUES('accounts','accounts_by_group','1 1');
INSERT INTO sqlite_stat1 VALUES('accounts','accounts_by_profile','1 1');
INSERT INTO sqlite_stat1 VALUES('accounts','sqlite_autoindex_accounts_4','1 1 1');
INSERT INTO sqlite_stat1 VALUES('accounts','sqlite_autoindex_accounts_3','1 1');
INSERT INTO sqlite_stat1 VALUES('accounts','sqlite_autoindex_accounts_2','1 1');
INSERT INTO sqlite_stat1 VALUES('accounts','sqlite_autoindex_accounts_1','1 1');
INSERT INTO sqlite_stat1 VALUES('portfolios','portfolios_default','1 1 1');
INSERT INTO sqlite_stat1 VALUES('portfolios','portfolios_by_profile','1 1');
INSERT INTO sqlite_stat1 VALUES('portfolios','sqlite_autoindex_portfolios_1','1 1');
INSERT INTO sqlite_stat1 VALUES('entries','entries_reversal','0 0');
INSERT INTO sqlite_stat1 VALUES('entries','sqlite_autoindex_entries_1','6 1');
CREATE INDEX tokens_by_principal ON tokens (principal_id);
CREATE INDEX portfolios_by_profile ON portfolios (profile_id);
CREATE UNIQUE INDEX portfolios_default ON portfolios (profile_id, ledger_id) WHERE is_default = 1;
CREATE UNIQUE INDEX books_house ON books (ledger_id, currency_id, demo, role) WHERE role <> 'client';
CREATE INDEX accounts_by_profile ON accounts (profile_id);
CREATE INDEX accounts_by_group ON accounts (group_id);
CREATE INDEX sessions_by_profile ON sessions (profile_id);
CREATE UNIQUE INDEX entries_reversal ON entries (reverses_seq) WHERE reverses_seq IS NOT NULL;
CREATE INDEX movements_by_account ON movements (account_id, kind, id);
CREATE UNIQUE INDEX movements_reference ON movements (kind, reference) WHERE reference IS NOT NULL;
CREATE UNIQUE INDEX movements_entry ON movements (entry_seq) WHERE entry_seq IS NOT NULL;
CREATE INDEX jobs_due ON jobs (due_at);
COMMIT;
