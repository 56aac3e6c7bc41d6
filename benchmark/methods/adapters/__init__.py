"""Methods that change the recogniser for masked probes, and how they learn."""
