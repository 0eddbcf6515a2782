-- What the answers of many offers have in common lies in the file once. A version that names a template has no link and no pixel
-- of its own, and landing pages only where they are not the template's.
CREATE TABLE template (
    id INTEGER PRIMARY KEY,
    url TEXT NOT NULL,
    impression_pixel TEXT,
    links TEXT NOT NULL
);
ALTER TABLE offer_version ADD COLUMN template INTEGER REFERENCES template (id);
DROP VIEW link;
DROP VIEW link_version;
DROP VIEW version;
CREATE VIEW version AS
    SELECT network.name AS network, offer.offer_id AS offer_id, offer_version.id AS version,
        datetime(offer_version.since, 'unixepoch') AS since, offer_version.state AS state,
        coalesce(offer_version.url, replace(template.url, '{offer_id}', offer.offer_id)) AS url,
        coalesce(offer_version.impression_pixel, replace(template.impression_pixel, '{offer_id}', offer.offer_id))
            AS impression_pixel,
        offer_version.run AS run
    FROM offer_version JOIN offer ON offer.id = offer_version.offer JOIN network ON network.id = offer.network
        LEFT JOIN template ON template.id = offer_version.template;
CREATE VIEW link_version AS
    SELECT offer_version.id AS version, entry.key + 1 AS position,
        json_extract(entry.value, '$[0]') AS offer_url_type, json_extract(entry.value, '$[1]') AS offer_url_name,
        json_extract(entry.value, '$[2]') AS offer_url_tracking_link,
        json_extract(entry.value, '$[3]') AS offer_url_preview_url
    FROM offer_version JOIN offer ON offer.id = offer_version.offer
        LEFT JOIN template ON template.id = offer_version.template
        JOIN json_each(CASE WHEN template.id IS NULL THEN offer_version.links ELSE
            replace(coalesce(offer_version.links, template.links), '{url}',
                replace(template.url, '{offer_id}', offer.offer_id)) END) AS entry ON 1;
CREATE VIEW link AS
    SELECT network.name AS network, offer.offer_id AS offer_id, entry.key + 1 AS position,
        json_extract(entry.value, '$[0]') AS offer_url_type, json_extract(entry.value, '$[1]') AS offer_url_name,
        json_extract(entry.value, '$[2]') AS offer_url_tracking_link,
        json_extract(entry.value, '$[3]') AS offer_url_preview_url,
        coalesce(offer_version.url, replace(template.url, '{offer_id}', offer.offer_id)) AS url,
        coalesce(offer_version.impression_pixel, replace(template.impression_pixel, '{offer_id}', offer.offer_id))
            AS impression_pixel,
        datetime(offer_version.since, 'unixepoch') AS since, datetime(offer.last_good_at, 'unixepoch') AS last_good_at
    FROM offer JOIN network ON network.id = offer.network
        JOIN offer_version ON offer_version.id = offer.version AND offer_version.state = 'good'
        LEFT JOIN template ON template.id = offer_version.template
        LEFT JOIN json_each(CASE WHEN template.id IS NULL THEN offer_version.links ELSE
            replace(coalesce(offer_version.links, template.links), '{url}',
                replace(template.url, '{offer_id}', offer.offer_id)) END) AS entry ON 1;
