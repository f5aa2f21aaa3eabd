<?php
// services.json has the entity ids of whom people may sign in to, and how each wants to be told.
$metadata = json_decode(file_get_contents('@FOLDER@/services.json'), true);
