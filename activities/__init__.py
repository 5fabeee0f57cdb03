"""Every effect of a workflow: classes that receive their clients, with one method per activity."""
