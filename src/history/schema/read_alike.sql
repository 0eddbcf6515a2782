-- What versions 2 to 4 lack of version 5, in the memory of one connection, where these names come before those of the file.
CREATE TEMP VIEW offer_version AS SELECT *, NULL AS template FROM main.offer_version;
CREATE TEMP VIEW template AS SELECT 0 AS id, NULL AS url, NULL AS impression_pixel, NULL AS links WHERE 0;
