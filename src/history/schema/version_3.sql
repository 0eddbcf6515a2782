-- What has vanished from a list stays noted, so that each run that reads the list can say so, and none twice.
ALTER TABLE listed ADD COLUMN vanished_at INTEGER;
