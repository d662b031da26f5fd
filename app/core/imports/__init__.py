"""From a row of somebody's file to an incident as claimed, or to every reason why not."""
