CREATE TABLE network (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    base_url TEXT NOT NULL,
    email TEXT NOT NULL,
    UNIQUE (base_url, email)
);
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    output TEXT NOT NULL,
    job TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    baseline INTEGER REFERENCES run (id),
    last_version INTEGER,
    offers INTEGER,
    exported INTEGER,
    stale INTEGER,
    failed INTEGER
);
CREATE INDEX run_of_output ON run (output);
CREATE TABLE offer (
    id INTEGER PRIMARY KEY,
    network INTEGER NOT NULL REFERENCES network (id),
    offer_id TEXT NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_asked_at INTEGER NOT NULL,
    last_good_at INTEGER,
    version INTEGER REFERENCES offer_version (id),
    UNIQUE (network, offer_id)
);
CREATE TABLE offer_version (
    id INTEGER PRIMARY KEY,
    offer INTEGER NOT NULL REFERENCES offer (id),
    run INTEGER NOT NULL REFERENCES run (id),
    since INTEGER NOT NULL,
    previous INTEGER REFERENCES offer_version (id),
    state TEXT NOT NULL CHECK (state IN ('good', 'gone')),
    hash INTEGER NOT NULL,
    url TEXT,
    impression_pixel TEXT
);
CREATE TABLE link_version (
    version INTEGER NOT NULL REFERENCES offer_version (id),
    position INTEGER NOT NULL,
    offer_url_type TEXT,
    offer_url_name TEXT,
    offer_url_tracking_link TEXT,
    offer_url_preview_url TEXT,
    PRIMARY KEY (version, position)
) WITHOUT ROWID;
CREATE TABLE offer_error (
    offer INTEGER NOT NULL REFERENCES offer (id),
    run INTEGER NOT NULL REFERENCES run (id),
    at INTEGER NOT NULL,
    error_kind TEXT NOT NULL,
    error_http_status INTEGER,
    error_code TEXT,
    error_message TEXT NOT NULL,
    PRIMARY KEY (offer, run)
) WITHOUT ROWID;
CREATE TABLE changed (
    run INTEGER NOT NULL REFERENCES run (id),
    row INTEGER NOT NULL,
    offer INTEGER NOT NULL REFERENCES offer (id),
    PRIMARY KEY (run, row)
) WITHOUT ROWID;
CREATE VIEW link AS
    SELECT network.name AS network, offer.offer_id AS offer_id, link_version.position AS position,
        link_version.offer_url_type AS offer_url_type, link_version.offer_url_name AS offer_url_name,
        link_version.offer_url_tracking_link AS offer_url_tracking_link,
        link_version.offer_url_preview_url AS offer_url_preview_url,
        offer_version.url AS url, offer_version.impression_pixel AS impression_pixel,
        datetime(offer_version.since, 'unixepoch') AS since, datetime(offer.last_good_at, 'unixepoch') AS last_good_at
    FROM offer JOIN network ON network.id = offer.network
        JOIN offer_version ON offer_version.id = offer.version AND offer_version.state = 'good'
        LEFT JOIN link_version ON link_version.version = offer_version.id;
CREATE VIEW gone AS
    SELECT network.name AS network, offer.offer_id AS offer_id, datetime(offer_version.since, 'unixepoch') AS since,
        datetime(offer.last_good_at, 'unixepoch') AS last_good_at
    FROM offer JOIN network ON network.id = offer.network
        JOIN offer_version ON offer_version.id = offer.version AND offer_version.state = 'gone';
CREATE VIEW version AS
    SELECT network.name AS network, offer.offer_id AS offer_id, offer_version.id AS version,
        datetime(offer_version.since, 'unixepoch') AS since, offer_version.state AS state, offer_version.url AS url,
        offer_version.impression_pixel AS impression_pixel, offer_version.run AS run
    FROM offer_version JOIN offer ON offer.id = offer_version.offer JOIN network ON network.id = offer.network;
CREATE VIEW failure AS
    SELECT network.name AS network, offer.offer_id AS offer_id, datetime(offer_error.at, 'unixepoch') AS at,
        error_kind, error_http_status, error_code, error_message, offer_error.run AS run
    FROM offer_error JOIN offer ON offer.id = offer_error.offer JOIN network ON network.id = offer.network;
