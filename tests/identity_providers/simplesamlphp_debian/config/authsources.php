<?php
// Whoever may sign in, and what is said of them: users.json has 'NAME:PASSWORD' to attributes.
$users = json_decode(file_get_contents('@FOLDER@/users.json'), true);
$config = ['people' => ['exampleauth:UserPass'] + $users];
