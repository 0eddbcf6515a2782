-- The same views in words that DuckDB reads, too: it parses them itself, and there each JOIN has an ON. `ON true` would reach
-- SQLite as the text 't', which is false.
DROP VIEW link;
DROP VIEW link_version;
CREATE VIEW link_version AS
    SELECT offer_version.id AS version, entry.key + 1 AS position,
        json_extract(entry.value, '$[0]') AS offer_url_type, json_extract(entry.value, '$[1]') AS offer_url_name,
        json_extract(entry.value, '$[2]') AS offer_url_tracking_link,
        json_extract(entry.value, '$[3]') AS offer_url_preview_url
    FROM offer_version JOIN json_each(offer_version.links) AS entry ON 1;
CREATE VIEW link AS
    SELECT network.name AS network, offer.offer_id AS offer_id, entry.key + 1 AS position,
        json_extract(entry.value, '$[0]') AS offer_url_type, json_extract(entry.value, '$[1]') AS offer_url_name,
        json_extract(entry.value, '$[2]') AS offer_url_tracking_link,
        json_extract(entry.value, '$[3]') AS offer_url_preview_url,
        offer_version.url AS url, offer_version.impression_pixel AS impression_pixel,
        datetime(offer_version.since, 'unixepoch') AS since, datetime(offer.last_good_at, 'unixepoch') AS last_good_at
    FROM offer JOIN network ON network.id = offer.network
        JOIN offer_version ON offer_version.id = offer.version AND offer_version.state = 'good'
        LEFT JOIN json_each(offer_version.links) AS entry ON 1;
