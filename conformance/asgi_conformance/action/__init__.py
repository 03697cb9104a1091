"""The steps of the GitHub Action (``action.yml``): install, run, report. They run from the action's own checkout."""
