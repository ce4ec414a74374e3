<?php
namespace App;
no_such_function();
